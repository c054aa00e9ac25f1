"""The banks: a seeded load, and on their side of the line a record of everything that they were promised."""

from __future__ import annotations
