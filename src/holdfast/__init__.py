"""Holdfast: operational resilience for financial institutions.

Declare what the institution stands on, break it for real, bring it back, and prove what happened.
The rooms of this package and the one direction in which they may import are in ``ARCHITECTURE.md``.
"""

from __future__ import annotations

__version__ = "0.1.0"
