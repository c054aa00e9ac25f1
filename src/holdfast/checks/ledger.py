"""Checks of the ledger from outside: its arithmetic, its limits, its chain, its replay, and the vault's journals."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from holdfast.checks.case import Case, Said, without_ledger
from holdfast.checks.replay import DayPosition, Replayed, replay
from holdfast.checks.words import count, money, some
from holdfast.state.history import JOURNALS, LEDGER, GatewayLine, Ledger

GENESIS = bytes(32)


def debits_equal_credits(case: Case) -> Said:
    """Ask whether every settled payment has its two sides, and money was neither made nor lost."""
    evidence = case.cite(LEDGER)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    sums: dict[str, int] = defaultdict(int)
    sides: Counter[str] = Counter()
    for entry in ledger.entries:
        sums[entry.key] += entry.amount_cents
        sides[entry.key] += 1
    uneven = {key for key in sums if sums[key] != 0 or sides[key] % 2}
    bare = {row.key for row in ledger.instructions if row.status == "settled" and not sides[row.key]}
    made = sum(account.balance_cents - account.opening_cents for account in ledger.accounts)
    moved = sum(entry.amount_cents for entry in ledger.entries if entry.amount_cents > 0)
    measured = f"difference {money(sum(sums.values()))}"
    if uneven or bare:
        text = f"Debits and credits differ for {count(len(uneven | bare), 'payment')}: {some(uneven | bare)}."
        return Said("broken", measured, text, evidence)
    if made:
        text = f"All balances together differ from all openings by {money(made)}: money was {_gone(made)}."
        return Said("broken", f"difference {money(made)}", text, evidence)
    own = {bank: record.clock.opening_cents for bank, record in case.history.records.items()}
    if own.keys() >= {account.participant for account in ledger.accounts}:
        # The ledger's own openings move on with every day; the participants know with what they began.
        since = sum(account.balance_cents - own[account.participant] for account in ledger.accounts)
        if since:
            text = f"All balances together differ by {money(since)} from what the participants began with:"
            return Said("broken", f"difference {money(since)}", f"{text} money was {_gone(since)}.", evidence)
    text = f"{count(len(sums), 'settled payment')}, {money(moved)} debited and the same credited."
    return Said("held", measured, text, evidence)


def limits_respected(case: Case) -> Said:
    """Ask whether no participant ever went below its limit, also during the day: by replay of the journal."""
    evidence = case.cite(LEDGER)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    below = {account.participant for account in ledger.accounts if account.balance_cents < -account.limit_cents}
    replayed = replay(ledger)
    during = {participant for _, participant in replayed.overdrawn}
    measured = f"{len(below | during):,} of {len(ledger.accounts):,} participants"
    own = {bank: record.clock.limit_cents for bank, record in case.history.records.items()}
    widened = {a.participant for a in ledger.accounts if own.get(a.participant, a.limit_cents) != a.limit_cents}
    if widened:
        text = f"The ledger has another limit than the participant itself for {some(widened)}."
        return Said("broken", f"{len(widened):,} of {len(ledger.accounts):,} limits differ", text, evidence)
    if below or during:
        lines = f" (first at line {replayed.overdrawn[0][0]} of the journal)" if replayed.overdrawn else ""
        text = f"{some(below | during)} went below the limit{lines}."
        return Said("broken", measured, text, evidence)
    if replayed.problems or not ledger.journal:
        why = replayed.problems[0] if replayed.problems else "it is empty"
        text = f"Balances are within their limits now; during the day they could not be followed: the journal's {why}."
        return Said("unknown", measured, text, evidence)
    text = (
        f"Followed through {count(len(ledger.journal), 'line')} of the journal, no balance ever fell below its limit."
    )
    return Said("held", measured, text, evidence)


def journal_chain_intact(case: Case) -> Said:
    """Ask whether the ledger's journal is without gaps and every line's hash follows from the line before."""
    evidence = case.cite(LEDGER)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    previous = GENESIS
    for number, row in enumerate(ledger.journal, start=1):
        if row.seq != number:
            text = f"The journal should go on with line {number}, and goes on with line {row.seq}."
            return Said("broken", f"gap at line {number:,}", text, evidence)
        previous = hashlib.sha256(previous + row.body.encode("utf-8", "surrogatepass")).digest()
        if previous.hex() != row.hash:
            text = f"The hash of line {number} does not follow from its text and the line before: one was changed."
            return Said("broken", f"changed at line {number:,}", text, evidence)
    if not ledger.journal:
        return Said("broken", "0 lines", "The journal is empty, though a day was opened.", evidence)
    text = f"Every hash recomputed from the first line to the last, {previous.hex()[:16]}…"
    return Said("held", count(len(ledger.journal), "line"), text, evidence)


def replay_gives_balances(case: Case) -> Said:
    """Ask whether playing the journal again gives every balance, entry, status and position that the ledger shows."""
    evidence = case.cite(LEDGER)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    replayed = replay(ledger)
    differences = [*replayed.problems, *_differences(ledger, replayed)]
    measured = count(len(differences), "difference")
    if differences:
        text = f"Playing the journal again does not give what the ledger shows: {differences[0]}"
        more = f", and {len(differences) - 1:,} more" if len(differences) > 1 else ""
        return Said("broken", measured, f"{text}{more}.", evidence)
    parts = f"{count(len(ledger.accounts), 'balance')}, {count(len(ledger.instructions), 'instruction')}"
    text = f"Playing the journal again gave the same {parts} and {count(len(ledger.entries), 'entry', 'entries')}."
    return Said("held", measured, text, evidence)


def journal_covers_ledger(case: Case) -> Said:
    """Ask whether the vault holds, in intact chains, every instruction of the ledger: enough to rebuild it."""
    evidence = case.cite(LEDGER, JOURNALS)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    for gateway, lines in sorted(case.history.journals.items()):
        problem = _broken_link(lines)
        if problem:
            return Said(
                "broken", f"{gateway}: {problem}", f"The vault's journal of {gateway} has a {problem}.", evidence
            )
    held = {
        (line.key, line.participant, line.to, line.amount_cents, line.priority)
        for lines in case.history.journals.values()
        for line in (covered.line for covered in lines)
    }
    rows = ledger.instructions
    absent = {r.key for r in rows if (r.key, r.sender, r.receiver, r.amount_cents, r.priority) not in held}
    measured = f"{len(rows) - len(absent):,} of {len(rows):,}"
    why = _journals_incomplete(case)
    if absent and not why:
        text = f"Not in the vault's instruction journals: {count(len(absent), 'instruction')} of the ledger"
        return Said("broken", measured, f"{text} ({some(absent)}).", evidence)
    if why:
        return Said("unknown", measured, f"The vault's journals are not all here: {why}.", evidence)
    lines_held = sum(len(lines) for lines in case.history.journals.values())
    text = (
        f"The vault's {count(len(case.history.journals), 'journal')} ({count(lines_held, 'line')}, chains intact) hold"
    )
    return Said("held", measured, f"{text} every instruction of the ledger with the same content.", evidence)


def _gone(made: int) -> str:
    return "made" if made > 0 else "lost"


def _differences(ledger: Ledger, replayed: Replayed) -> Iterator[str]:
    """Yield where the ledger's tables say something else than its journal."""
    for account in ledger.accounts:
        if replayed.balances.get(account.participant) != account.balance_cents:
            given = replayed.balances.get(account.participant)
            yield f"{account.participant} holds {money(account.balance_cents)}, the replay {_or_nothing(given)}"
    for participant in sorted(replayed.balances.keys() - {account.participant for account in ledger.accounts}):
        yield f"{participant} has no account"
    shown = {row.key: row for row in ledger.instructions}
    for key in sorted(shown.keys() | replayed.statuses.keys()):
        row, status, payment = shown.get(key), replayed.statuses.get(key), replayed.payments.get(key)
        if row is None or payment is None or row.status != status:
            yield f"instruction {key!r} is {row.status if row else 'absent'}, by the replay {status or 'absent'}"
        elif (row.day, row.sender, row.receiver, row.amount_cents, row.priority) != (
            payment.day,
            payment.sender,
            payment.receiver,
            payment.amount_cents,
            payment.priority,
        ):
            yield f"instruction {key!r} has other content than the journal accepted"
    entries = Counter((entry.key, entry.participant, entry.amount_cents) for entry in ledger.entries)
    for entry in sorted((entries - Counter(replayed.entries)) | (Counter(replayed.entries) - entries)):
        yield f"the entry of {money(entry[2])} for {entry[1]} in {entry[0]!r} differs"
    told = {
        (p.day, p.participant): DayPosition(p.opening_cents, p.debits_cents, p.credits_cents, p.closing_cents)
        for p in ledger.positions
    }
    for day, participant in sorted(told.keys() | replayed.positions.keys()):
        if told.get((day, participant)) != replayed.positions.get((day, participant)):
            yield f"the position of {participant} for day {day} differs"


def _or_nothing(cents: int | None) -> str:
    return "gives none" if cents is None else money(cents)


def _broken_link(lines: tuple[GatewayLine, ...]) -> str | None:
    """Return where a gateway's chain does not hold."""
    previous = GENESIS.hex()
    for number, covered in enumerate(lines, start=1):
        line = covered.line
        if line.n != number or line.prev != previous:
            return f"gap at line {number}"
        previous = hashlib.sha256(bytes.fromhex(line.prev) + covered.covered).hexdigest()
        if line.hash != previous:
            return f"changed line {number}"
    return None


def _journals_incomplete(case: Case) -> str | None:
    """Return why the journals are not all there: one unreadable, or a gateway that acknowledged has none here."""
    why = case.history.why(JOURNALS)
    if why:
        return why
    acknowledging = {o.acknowledged.gateway for o in case.operations.values() if o.acknowledged}
    absent = sorted(acknowledging - case.history.journals.keys())
    return f"{some(absent)} acknowledged and its journal is not in the log" if absent else None
