"""What a line of the ledger's journal makes go out, and to whom. Pure: lines in, items out.

A *desk* is told every line in order and keeps what it must remember; its memory is stored with its items, so that both
are as of the same line. Amounts are cents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

RTGS = "RTGS"


@dataclass(frozen=True, slots=True)
class Item:
    """Something to deliver to an addressee."""

    to: str
    body: Mapping[str, Any]


Line = Mapping[str, Any]
Memory = dict[str, Any]
Desk = Callable[[Line, Memory], tuple[Item, ...]]


def confirmations(line: Line, memory: Memory) -> tuple[Item, ...]:
    """Return what banks are told of a line: who paid, who was paid, whose instruction was rejected."""
    del memory
    body = line["body"]
    about = {name: body[name] for name in ("key", "day", "amount_cents")} if line["kind"] != "close" else {}
    match line["kind"]:
        case "settle":
            told = {"status": "settled", **about, "seq": line["seq"], "at_utc_us": body["at"]}
            return (
                Item(body["sender"], {"side": "debit", "other": body["receiver"], **told}),
                Item(body["receiver"], {"side": "credit", "other": body["sender"], **told}),
            )
        case "reject":
            told = {"status": "rejected", "side": "debit", "other": body["receiver"], "reason": body["reason"]}
            return (Item(body["sender"], {**told, **about, "seq": line["seq"]}),)
        case _:
            return ()


def statements(line: Line, memory: Memory) -> tuple[Item, ...]:
    """Return each bank's statement when a day closes, made from what was settled and held against its position.

    ``digest`` runs over the bank's movements in order (see ``extended``), the amount negative for what it paid. A
    statement whose sums are not those of the position is sent as ``disputed``.
    """
    body = line["body"]
    if line["kind"] == "settle":
        for bank, cents in ((body["sender"], -body["amount_cents"]), (body["receiver"], body["amount_cents"])):
            kept = memory.setdefault(bank, {"debits_cents": 0, "credits_cents": 0, "movements": 0, "digest": ""})
            kept["debits_cents" if cents < 0 else "credits_cents"] += abs(cents)
            kept["movements"] += 1
            kept["digest"] = extended(kept["digest"], line["seq"], body["key"], cents)
        return ()
    if line["kind"] != "close":
        return ()
    found = []
    for position in body["positions"]:
        nothing = {"debits_cents": 0, "credits_cents": 0, "movements": 0, "digest": ""}
        kept = memory.get(position["participant"], nothing)
        agrees = all(kept[name] == position[name] for name in ("debits_cents", "credits_cents"))
        told = {"status": "statement" if agrees else "disputed", "day": body["day"], **kept}
        amounts = {name: position[name] for name in ("opening_cents", "closing_cents")}
        found.append(Item(position["participant"], {**told, **amounts}))
    memory.clear()
    return tuple(found)


def transfers(line: Line, memory: Memory) -> tuple[Item, ...]:
    """Return what the RTGS is to book when a day closes: what each bank gained or lost, which sums to nothing."""
    del memory
    if line["kind"] != "close":
        return ()
    net = {each["participant"]: each["closing_cents"] - each["opening_cents"] for each in line["body"]["positions"]}
    return (Item(RTGS, {"day": line["body"]["day"], "net_cents": net}),)


def extended(digest: str, seq: int, key: str, cents: int) -> str:
    """Return the digest of a statement with one more movement: SHA-256 over the digest so far and the line, in hex."""
    return sha256(f"{digest}{seq} {key} {cents}\n".encode()).hexdigest()


DESKS: Mapping[str, Desk] = {"messaging": confirmations, "reporting": statements, "rtgs-connector": transfers}
"""Task → what it makes of the journal."""
