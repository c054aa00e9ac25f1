"""The settlement service: a gateway takes instructions over HTTP, journals them, and has the ledger settle them.

It acknowledges only what is durable at two sites. How each way to acknowledge something that can be lost is closed:
``docs/adr/acknowledge-only-what-two-sites-have.md``.
"""

from __future__ import annotations
