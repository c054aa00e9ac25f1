"""The replay against a second, plainer one, over ledgers of many seeds and over journals that make no sense."""

from __future__ import annotations

import json
from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.checks.replay import replay
from holdfast.state.exercise import fold
from holdfast.state.history import Ledger, read_history
from tests.holdfast.drill import EXERCISE, Drill, play


def ledger_of(drill: Drill) -> Ledger:
    ledger = read_history(fold(drill.log())[EXERCISE], drill.read).ledger
    assert ledger is not None
    return ledger


def plainly(ledger: Ledger) -> tuple[dict[str, int], int]:
    """Return the balances that the journal gives, and how often one fell below its limit."""
    balances: dict[str, int] = defaultdict(int)
    limits: dict[str, int] = {}
    below = 0
    for row in ledger.journal:
        said = json.loads(row.body)
        if row.kind == "open":
            balances = {each["participant"]: each["balance_cents"] for each in said["accounts"]}
            limits = {each["participant"]: each["limit_cents"] for each in said["accounts"]}
        elif row.kind == "settle":
            balances[said["sender"]] -= said["amount_cents"]
            balances[said["receiver"]] += said["amount_cents"]
            below += balances[said["sender"]] + limits[said["sender"]] < 0
    return dict(balances), below


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), rate=st.sampled_from([1.0, 3.0, 8.0]), limit_off=st.booleans())
def test_equals_a_plainer_replay(seed: int, rate: float, limit_off: bool) -> None:  # noqa: FBT001
    drill = play(seed=seed, rate_per_s=rate)
    if limit_off:
        opened = drill.table("journal")[0]
        said = json.loads(opened["body"])
        for account in said["accounts"]:
            account["limit_cents"] = -account["balance_cents"] // 2
        opened["body"] = json.dumps(said)
    ledger = ledger_of(drill)
    replayed = replay(ledger)
    balances, below = plainly(ledger)
    assert replayed.problems == []
    assert replayed.balances == balances == {a.participant: a.balance_cents for a in ledger.accounts}
    assert len(replayed.overdrawn) == below
    assert replayed.statuses == {row.key: row.status for row in ledger.instructions}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_journal_in_any_order_is_replayed_without_an_exception(data: st.DataObject) -> None:
    drill = play(rate_per_s=0.6)
    journal = drill.table("journal")
    for row in journal:
        row["seq"] = data.draw(st.integers(1, len(journal) + 3))
        row["kind"] = data.draw(st.sampled_from([row["kind"], "open", "accept", "settle", "reject", "close"]))
    replay(ledger_of(drill))


def test_a_second_day_opens_with_what_the_first_closed_with() -> None:
    drill = play()
    closing = {row["participant"]: row["balance_cents"] for row in drill.table("account")}
    accounts = [{"participant": bank, "balance_cents": cents, "limit_cents": 0} for bank, cents in closing.items()]
    opened = {"table": "journal", "seq": len(drill.table("journal")) + 1, "day": 2, "kind": "open", "key": None}
    opened["body"] = json.dumps({"day": 2, "accounts": accounts})
    drill.ledger.append(opened)
    drill.rehash()
    assert replay(ledger_of(drill)).problems == []
    assert drill.answer("replay-gives-balances") == "held"
    accounts[0]["balance_cents"] = 1
    opened["body"] = json.dumps({"day": 2, "accounts": accounts})
    drill.rehash()
    assert "day before" in replay(ledger_of(drill)).problems[0]


def problem(kind: str, **changes: object) -> str:
    """Return what is wrong with one more line at the end of an open day, a copy of a settlement with changes."""
    drill = play(rate_per_s=1.0, with_day=False)
    journal = drill.table("journal")
    settled = next(row for row in journal if row["kind"] == "settle")
    line = settled | {"seq": len(journal) + 1, "kind": kind}
    line["body"] = json.dumps(json.loads(settled["body"]) | changes)
    drill.ledger.append(line)
    return replay(ledger_of(drill)).problems[0]


def test_what_does_not_follow_is_told_with_its_line() -> None:
    assert "was final" in problem("settle")
    assert "was final" in problem("reject", reason="late")
    assert "again" in problem("accept")
    assert "changes the content" in problem("settle", amount_cents=1)
    assert "not open" in problem("settle", day=9)
    assert "no two accounts" in problem("settle", key="new", sender="NOBODY")
    assert "no two accounts" in problem("settle", key="new", sender="AURUM", receiver="AURUM")
    assert "cannot be read" in problem("open")
    assert "cannot be read" in problem("close")
    assert "cannot be read" in problem("settle", key="new", amount_cents=-5)


def at_once(*amounts: int, announced: int | None = None) -> tuple[list[str], list[tuple[int, str]]]:
    """Return problems and overdrafts of payments round a ring that a second day settles at once."""
    drill = play()
    closing = {row["participant"]: row["balance_cents"] for row in drill.table("account")}
    ring = sorted(closing)[: len(amounts)]
    # Nobody may fall below what it has: alone none of these payments could settle.
    accounts = [{"participant": each, "balance_cents": cents, "limit_cents": -cents} for each, cents in closing.items()]
    journal = len(drill.table("journal"))
    lines: list[tuple[str, dict[str, object]]] = [("open", {"day": 2, "accounts": accounts})]
    lines.append(("resolve", {"day": 2, "method": "multilateral", "payments": announced or len(amounts)}))
    for number, cents in enumerate(amounts):
        paid = {"key": f"ring-{number}", "sender": ring[number], "receiver": ring[(number + 1) % len(ring)]}
        told = {"day": 2, "amount_cents": cents, "priority": "normal", "resolution": journal + 2}
        lines.append(("settle", {**paid, **told}))
    for seq, (kind, body) in enumerate(lines, start=journal + 1):
        row = {"table": "journal", "seq": seq, "day": 2, "kind": kind, "key": body.get("key"), "body": json.dumps(body)}
        drill.ledger.append(row)
    drill.rehash()
    replayed = replay(ledger_of(drill))
    return replayed.problems, replayed.overdrawn


def test_a_set_that_settles_at_once_has_to_be_right_after_its_last_payment() -> None:
    assert at_once(50, 50, 50) == ([], [])
    problems, overdrawn = at_once(50, 50, 60)
    assert (problems, len(overdrawn)) == ([], 1)


def test_a_set_is_as_large_as_was_announced() -> None:
    assert "more than follow" in at_once(50, 50, 50, announced=4)[0][0]
    assert "no set before it" in at_once(50, 50, 50, announced=2)[0][0]


def test_what_is_not_urgent_may_not_settle_in_priority_only() -> None:
    drill = play(rate_per_s=1.0, with_day=False)
    journal = drill.table("journal")
    mode = {"table": "journal", "seq": 2, "day": 1, "kind": "mode", "key": None}
    mode["body"] = json.dumps({"day": 1, "mode": "priority-only", "reason": "test"})
    for row in journal[1:]:
        row["seq"] += 1
    drill.ledger.append(mode)
    drill.rehash()
    problems = replay(ledger_of(drill)).problems
    settled = [json.loads(row["body"]) for row in journal if row["kind"] == "settle"]
    assert len(problems) == sum(body["priority"] != "priority" for body in settled) > 0
    assert all("not urgent" in problem for problem in problems)
