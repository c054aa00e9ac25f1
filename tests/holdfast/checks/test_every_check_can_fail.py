"""One thing wrong at a time in a drill that went well: the right check finds it, and every check can be broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from holdfast.checks import CHECKS, FAIL_BACK_CHECKS, MODE_CHECKS, NAMED_CHECKS
from holdfast.evidence.events import ExerciseRearmed, FaultUndone
from holdfast.model.loader import load
from tests.holdfast.drill import EXERCISE, SECOND, UTC_US, VOCABULARY, Drill, Row, instant, play

Change = Callable[[Drill], None]

# The others are in ``test_several_days``, ``test_modes``, ``test_told`` and ``test_calm``.
MADE = [name for name in CHECKS if name not in FAIL_BACK_CHECKS | MODE_CHECKS | NAMED_CHECKS]


def instruction(drill: Drill, status: str = "settled", at: int = 5) -> Row:
    """Return an instruction of the ledger with this status: the same one every time."""
    return [row for row in drill.table("instruction") if row["status"] == status][at]


def without(drill: Drill, *, table: str, key: str) -> None:
    drill.ledger = [row for row in drill.ledger if not (row["table"] == table and row.get("key") == key)]


def body(row: Row, **changes: object) -> None:
    """Change what a line of the journal says."""
    row["body"] = json.dumps(json.loads(row["body"]) | changes)


def rewrite(drill: Drill) -> None:
    """Give the journal its numbers and hashes again, as somebody would who can write to the ledger."""
    for number, row in enumerate(drill.table("journal"), start=1):
        row["seq"] = number
    drill.rehash()


def pay_back(drill: Drill, row: Row) -> None:
    """Undo an instruction's money in the balances."""
    for account in drill.table("account"):
        if account["participant"] == row["sender"]:
            account["balance_cents"] += row["amount_cents"]
        if account["participant"] == row["receiver"]:
            account["balance_cents"] -= row["amount_cents"]


def lose(drill: Drill) -> None:
    """Lose a settled instruction without a trace in the ledger, as a failover to a stale copy would."""
    row = instruction(drill)
    for table in ("instruction", "entry", "journal"):
        without(drill, table=table, key=row["key"])
    pay_back(drill, row)
    rewrite(drill)


def alter_amount(drill: Drill) -> None:
    instruction(drill)["amount_cents"] += 1


def redirect(drill: Drill) -> None:
    row = instruction(drill)
    row["receiver"] = next(a["participant"] for a in drill.table("account") if a["participant"] != row["receiver"])


def unsettle(drill: Drill) -> None:
    instruction(drill).update({"status": "rejected", "reason": "second thoughts"})


def settle_a_rejected_one(drill: Drill) -> None:
    instruction(drill, "rejected").update({"status": "settled", "reason": None})


def settle_twice(drill: Drill) -> None:
    row = instruction(drill)
    line = next(each for each in drill.table("journal") if each["key"] == row["key"])
    drill.ledger.insert(drill.ledger.index(line) + 1, dict(line))
    drill.ledger += [dict(entry) for entry in drill.table("entry") if entry["key"] == row["key"]]
    rewrite(drill)


def enter_twice(drill: Drill) -> None:
    drill.ledger.append(dict(instruction(drill)))


def phantom(drill: Drill) -> None:
    row = instruction(drill) | {"key": "NOBODY-1"}
    line = next(each for each in drill.table("journal") if each["key"] == instruction(drill)["key"])
    forged = dict(line) | {"key": "NOBODY-1"}
    body(forged, key="NOBODY-1")
    drill.ledger += [row, forged]
    rewrite(drill)


def send_for_another(drill: Drill) -> None:
    row = instruction(drill)
    row["sender"], row["receiver"] = row["receiver"], row["sender"]


def one_sided(drill: Drill) -> None:
    drill.ledger.remove(drill.table("entry")[3])


def bare(drill: Drill) -> None:
    without(drill, table="entry", key=instruction(drill)["key"])


def uneven(drill: Drill) -> None:
    drill.table("entry")[3]["amount_cents"] += 100


def make_money(drill: Drill) -> None:
    drill.table("account")[0]["balance_cents"] += 100


def move_money(drill: Drill) -> None:
    drill.table("account")[0]["balance_cents"] += 100
    drill.table("account")[1]["balance_cents"] -= 100


def below_limit_at_the_end(drill: Drill) -> None:
    account = drill.table("account")[0]
    account["limit_cents"] = -account["balance_cents"] - 1


def below_limit_during_the_day(drill: Drill) -> None:
    """Give one bank nothing to begin with by the journal: its first payment is then not covered."""
    opened = drill.table("journal")[0]
    accounts = json.loads(opened["body"])["accounts"]
    poor = next(row["sender"] for row in drill.table("instruction") if row["status"] == "settled")
    for account in accounts:
        if account["participant"] == poor:
            account |= {"balance_cents": -account["limit_cents"]}
    body(opened, accounts=accounts)
    drill.rehash()


def edit_journal(drill: Drill) -> None:
    body(drill.table("journal")[7], amount_cents=1)


def drop_journal_line(drill: Drill) -> None:
    drill.ledger.remove(drill.table("journal")[7])


def drop_first_journal_line(drill: Drill) -> None:
    drill.ledger.remove(drill.table("journal")[0])


def swap_journal_lines(drill: Drill) -> None:
    first, second = drill.table("journal")[7:9]
    first["seq"], second["seq"] = second["seq"], first["seq"]


def forge_hash(drill: Drill) -> None:
    drill.table("journal")[7]["hash"] = "0" * 64


def empty_journal(drill: Drill) -> None:
    drill.ledger = [row for row in drill.ledger if row["table"] != "journal"]


def edit_journal_and_rehash(drill: Drill) -> None:
    line = next(row for row in drill.table("journal") if row["kind"] == "settle")
    body(line, amount_cents=json.loads(line["body"])["amount_cents"] + 100)
    drill.rehash()


def cut_journal_short(drill: Drill) -> None:
    for row in drill.table("journal")[-20:]:
        drill.ledger.remove(row)


def garble_journal_and_rehash(drill: Drill) -> None:
    drill.table("journal")[7]["body"] = "{not JSON"
    drill.rehash()


def move_position(drill: Drill) -> None:
    drill.table("position")[0]["debits_cents"] += 1


def forget_position(drill: Drill) -> None:
    drill.ledger.remove(drill.table("position")[0])


def edit_vault(drill: Drill) -> None:
    drill.journals["settlement-a"][4]["amount_cents"] += 1


def drop_vault_line(drill: Drill) -> None:
    drill.journals["settlement-a"].pop(4)


def drop_vault_line_and_rehash(drill: Drill) -> None:
    drill.journals["settlement-a"].pop(4)
    drill.rehash()


def close_late(drill: Drill) -> None:
    drill.table("business_day")[0]["closed_us"] = UTC_US + drill.plan.close_by_us + 1


def close_early(drill: Drill) -> None:
    drill.table("business_day")[0]["closed_us"] = UTC_US + drill.plan.cut_off_us - 1


def never_close(drill: Drill) -> None:
    drill.table("business_day")[0]["closed_us"] = None


def forget_the_day(drill: Drill) -> None:
    drill.ledger.remove(drill.table("business_day")[0])


def leave_queued(drill: Drill) -> None:
    instruction(drill, "rejected").update({"status": "queued", "reason": None})


def reject_without_a_rule(drill: Drill) -> None:
    instruction(drill, "rejected")["reason"] = None


def leave_unconfirmed(drill: Drill) -> None:
    drill.table("position")[2]["confirmed"] = False


def bank_disagrees(drill: Drill) -> None:
    drill.records["DELTA"][-1]["agrees"] = False


def bank_never_heard(drill: Drill) -> None:
    drill.records["DELTA"].pop()


def bank_was_told_another(drill: Drill) -> None:
    drill.records["DELTA"][-1]["credits_cents"] += 1


def bank_saw_less(drill: Drill) -> None:
    """Take a settled payment out of a bank's own record: the position then says more than the bank sent."""
    key = instruction(drill)["key"]
    for rows in drill.records.values():
        rows[:] = [row for row in rows if row.get("key") != key]


def objectives_of_seconds(drill: Drill) -> None:
    texts = dict(drill.model.files)
    name = next(name for name, text in texts.items() if "rto: 2h" in text)
    texts[name] = texts[name].replace("rto: 2h", "rto: 9s").replace("duration: 4h", "duration: 10s")
    model, findings = load(texts, drill.model.root, VOCABULARY)
    assert model is not None, findings
    drill.model = model


def nobody_notices(drill: Drill) -> None:
    drill.alarms.clear()
    drill.before = [event for event in drill.before if type(event).__name__ != "AlarmRaised"]


def undo_fails(drill: Drill) -> None:
    drill.before = [
        replace(event, undone=False, observed="the keeper does not answer") if isinstance(event, FaultUndone) else event
        for event in drill.before
    ]


def not_rearmed(drill: Drill) -> None:
    drill.after[0] = ExerciseRearmed(EXERCISE, ready=False, observed={"copies": "1"}, occurred=instant(50 * SECOND))


WRONG: dict[str, tuple[Change, ...]] = {
    "restored-within-rto": (objectives_of_seconds,),
    "within-tolerance": (objectives_of_seconds, close_late, never_close, forget_the_day),
    "nothing-acknowledged-lost": (lose, alter_amount, redirect, unsettle, settle_a_rejected_one, send_for_another),
    "nothing-duplicated": (settle_twice, enter_twice),
    "no-phantom": (phantom, alter_amount, redirect, send_for_another, bank_saw_less),
    "debits-equal-credits": (one_sided, bare, uneven, make_money),
    "limits-respected": (below_limit_at_the_end, below_limit_during_the_day),
    "journal-chain-intact": (
        edit_journal,
        drop_journal_line,
        drop_first_journal_line,
        swap_journal_lines,
        forge_hash,
        empty_journal,
    ),
    "replay-gives-balances": (
        edit_journal_and_rehash,
        cut_journal_short,
        garble_journal_and_rehash,
        make_money,
        move_money,
        bare,
        unsettle,
        redirect,
        phantom,
        settle_twice,
        move_position,
        forget_position,
        leave_queued,
    ),
    "journal-covers-ledger": (edit_vault, drop_vault_line, drop_vault_line_and_rehash, phantom, alter_amount),
    "day-completed": (
        close_late,
        close_early,
        never_close,
        forget_the_day,
        leave_queued,
        reject_without_a_rule,
        leave_unconfirmed,
        forget_position,
        move_position,
        bank_disagrees,
        bank_never_heard,
        bank_was_told_another,
        bank_saw_less,
    ),
    "detected": (nobody_notices,),
    "undone-and-rearmed": (undo_fails, not_rearmed),
}


def test_a_drill_that_went_well_holds() -> None:
    judgement = play().judge()
    assert {outcome.check: outcome.answer for outcome in judgement.outcomes} == dict.fromkeys(MADE, "held")
    assert judgement.verdict == "held"
    assert judgement.as_expected


def test_every_check_of_the_registry_can_fail() -> None:
    assert set(WRONG) == set(MADE)


@pytest.mark.parametrize(
    ("check", "change"),
    [pytest.param(check, change, id=f"{check}: {change.__name__}") for check in WRONG for change in WRONG[check]],
)
def test_the_right_check_finds_it(check: str, change: Change) -> None:
    drill = play()
    change(drill)
    judgement = drill.judge()
    outcome = next(outcome for outcome in judgement.outcomes if outcome.check == check)
    assert outcome.answer == "broken", outcome.explanation
    assert not outcome.as_expected
    assert judgement.verdict == "broken"
    assert judgement.exit_code == 1


@pytest.mark.parametrize("change", [move_money, make_money, edit_journal, forge_hash, uneven], ids=lambda c: c.__name__)
def test_what_happens_inside_the_ledger_says_nothing_about_what_clients_saw(change: Change) -> None:
    drill = play()
    change(drill)
    held = {outcome.check for outcome in drill.judge().outcomes if outcome.answer == "held"}
    assert {"restored-within-rto", "within-tolerance", "detected", "undone-and-rearmed", "no-phantom"} <= held
