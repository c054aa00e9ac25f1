"""What leaves the institution because something became final: confirmations, statements, transfers to the RTGS.

Three programs of one form, each with a store of its own, each running at both data centres. A program follows the
stream of what became final, derives from it what has to go out, numbered for each addressee, and delivers in that order
while it holds the duty. Content and numbers are a function of the ledger's journal alone, so both sites have the same,
and whoever receives takes each number once: ``docs/adr/who-is-active.md``.
"""

from __future__ import annotations
