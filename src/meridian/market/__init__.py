"""Stand-ins for two infrastructures that the institution relies on and does not run: messaging network and RTGS.

They do what the institution's processes and the banks can see of them: take each numbered delivery once and in order,
keep it until the addressee has it, book the transfers of a day. They belong to nobody in the range.
"""

from __future__ import annotations
