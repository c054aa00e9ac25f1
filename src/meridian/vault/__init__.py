"""The vault: it pulls what a rebuild needs, and nothing in production can reach what it keeps."""

from __future__ import annotations
