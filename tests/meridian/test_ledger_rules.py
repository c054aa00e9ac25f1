"""The ledger's rules in SQL, against the oracle's, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meridian.banks import BANKS
from meridian.settlement import gridlock
from tests.meridian.ledger_server import Server, alone
from tests.meridian.oracle import Oracle, Payment

NAMES = [bank.name for bank in BANKS]
DAY_US = 86_400_000_000
EXAMPLES = 60

pytestmark = pytest.mark.range


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with alone() as started:
        yield started


@contextmanager
def attempt(server: Server) -> Iterator[Trial]:
    """Yield one transaction that is never committed: the rules can be tried without a second site."""
    # The gateways' right to ask is tried elsewhere; here the tables are read too, so this is the owner.
    with psycopg.connect(server.dsn("postgres")) as connection:
        connection.execute("SET search_path = ledger")
        try:
            yield Trial(connection)
        finally:
            connection.rollback()


@dataclass(frozen=True)
class Trial:
    """Requests in, answers out, and a look into the tables."""

    connection: psycopg.Connection

    def handle(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.connection.execute("SELECT handle(%s)", (json.dumps(requests),)).fetchone()
        assert answer is not None
        answers: list[dict[str, Any]] = answer[0]["answers"]
        return answers

    def rows(self, query: str) -> list[Any]:
        return self.connection.execute(query.encode()).fetchall()

    def resolve(self) -> list[list[str]]:
        """Have gridlock resolved as a gateway does; return the sets that were settled."""
        [shown] = self.handle({"op": "queue", "gateway": "test"})
        found = gridlock.resolve(shown["available"], [gridlock.Queued(*each) for each in shown["queued"]])
        sets = [list(each.keys) for each in found]
        if found:
            asked = [{"method": each.method, "keys": list(each.keys)} for each in found]
            [answer] = self.handle({"op": "resolve", "sets": asked})
            assert (answer["status"], answer["settled"]) == ("resolved", sum(map(len, sets)))
        return sets

    def fund(self, accounts: dict[str, tuple[int, int]]) -> None:
        """Give the banks other balances and limits, as a day opened with them."""
        for name, (opening, limit) in accounts.items():
            self.connection.execute(
                "UPDATE account SET opening_cents = %s, balance_cents = %s, limit_cents = %s WHERE participant = %s",
                (opening, opening, limit, name),
            )

    def pass_cut_off(self) -> None:
        self.connection.execute("UPDATE business_day SET cut_off_us = opened_us WHERE closed_us IS NULL")


def instruct(payment: Payment) -> dict[str, Any]:
    return {
        "op": "instruct",
        "key": payment.key,
        "sender": payment.sender,
        "receiver": payment.receiver,
        "amount_cents": payment.cents,
        "priority": payment.priority,
    }


# Mostly between three banks and about as large as what they have, so that queues form, are released and stay; a few
# keys come again, a few banks and amounts are none.
payments = st.builds(
    Payment,
    key=st.integers(1, 200).map(str),
    sender=st.sampled_from([*NAMES[:3] * 4, NAMES[3], "NOBODY"]),
    receiver=st.sampled_from([*NAMES[:3] * 4, NAMES[3]]),
    cents=st.one_of(st.integers(1, 60), st.integers(-2, 400)),
    priority=st.sampled_from(["normal", "priority"]),
)
EVENTS = ("cut-off", "close", "full", "priority-only", "gridlock", "gridlock")
steps = st.lists(
    st.integers(0, 49).flatmap(lambda dice: payments if dice >= len(EVENTS) else st.just(EVENTS[dice])),
    min_size=20,
    max_size=80,
)
accounts = st.fixed_dictionaries({name: st.tuples(st.integers(-20, 80), st.integers(20, 60)) for name in NAMES[:4]})


@settings(max_examples=EXAMPLES)
@given(steps=steps, accounts=accounts)
def test_every_answer_and_every_balance_is_the_oracles(
    server: Server, steps: list[Any], accounts: dict[str, tuple[int, int]]
) -> None:
    with attempt(server) as trial:
        oracle = Oracle.of({bank.name: (bank.opening_cents, bank.limit_cents) for bank in BANKS} | accounts)
        trial.fund(accounts)
        day = 1
        for step in steps:
            if step == "cut-off":
                trial.pass_cut_off()
                oracle.after_cut_off = True
            elif step == "close":
                [answer] = trial.handle({"op": "close", "day": day})
                assert answer["status"] == ("closed" if oracle.after_cut_off else "refused")
                if oracle.after_cut_off:
                    oracle.close()
                    day += 1
            elif step in ("full", "priority-only"):
                [answer, _] = trial.handle({"op": "mode", "mode": step, "reason": "test"}, {"op": "calendar"})
                assert answer == {"status": "mode", "mode": step}
                trial.handle({"op": "calendar"})
                oracle.put(step)
            elif step == "gridlock":
                sets = trial.resolve()
                oracle.resolve(sets)
            else:
                [answer] = trial.handle(instruct(step))
                assert (answer["status"], answer.get("reason")) == oracle.instruct(replace(step))
        same_state(trial, oracle)
        books_are_right(trial)


def same_state(trial: Trial, oracle: Oracle) -> None:
    balances = trial.rows("SELECT participant, opening_cents, debits_cents, credits_cents, balance_cents FROM account")
    assert {row[0]: row[1:] for row in balances} == {
        name: (bank.opening, bank.debits, bank.credits, bank.balance) for name, bank in oracle.banks.items()
    }
    kept = trial.rows("SELECT key, status, reason FROM instruction")
    assert {key: (status, reason) for key, status, reason in kept} == {
        key: (payment.status, payment.reason) for key, payment in oracle.payments.items()
    }
    positions = trial.rows(
        "SELECT day, participant, opening_cents, debits_cents, credits_cents, closing_cents FROM ledger.position"
    )
    assert {row[:2]: row[2:] for row in positions} == {
        (day, name): position
        for day, given_positions in enumerate(oracle.closed, start=1)
        for name, position in given_positions.items()
    }


def books_are_right(trial: Trial) -> None:
    """Two entries for each settled instruction that sum to nothing, a chain without gaps, a line for every change."""
    entries = trial.rows("SELECT key, count(*), sum(amount_cents) FROM entry GROUP BY key")
    settled = {key for (key,) in trial.rows("SELECT key FROM instruction WHERE status = 'settled'")}
    assert {(key, int(count), int(total)) for key, count, total in entries} == {(key, 2, 0) for key in settled}
    journal = trial.rows("SELECT seq, kind, key, body, hash FROM journal ORDER BY seq")
    assert [row[0] for row in journal] == list(range(1, len(journal) + 1))
    previous = bytes(32)
    for _, _, _, body, digest in journal:
        previous = sha256(previous + body.encode()).digest()
        assert digest == previous
    assert {row[2] for row in journal if row[1] == "settle"} == settled
    final = trial.rows("SELECT key, final_seq FROM instruction WHERE final_seq IS NOT NULL")
    told = {row[0]: row[2] for row in journal}
    assert all(told[seq] == key for key, seq in final)


def test_a_batch_is_handled_in_its_order(server: Server) -> None:
    with attempt(server) as trial:
        trial.fund({"AURUM": (100, 0), "BOREAL": (0, 0), "CASTOR": (0, 0)})
        first = Payment("1", "BOREAL", "CASTOR", 60, "normal")
        second = Payment("2", "BOREAL", "CASTOR", 10, "priority")
        funding = Payment("3", "AURUM", "BOREAL", 100, "normal")
        answers = trial.handle(*(instruct(payment) for payment in (first, second, funding, first)))
        assert [answer["status"] for answer in answers] == ["queued", "queued", "settled", "settled"]
        order = trial.rows("SELECT key, kind FROM journal WHERE key IS NOT NULL ORDER BY seq")
        assert order == [("1", "accept"), ("2", "accept"), ("3", "settle"), ("1", "settle"), ("2", "settle")]


def test_nothing_overtakes_in_a_senders_queue(server: Server) -> None:
    with attempt(server) as trial:
        trial.fund({"AURUM": (50, 0), "BOREAL": (0, 0)})
        large, small = Payment("1", "AURUM", "BOREAL", 60, "normal"), Payment("2", "AURUM", "BOREAL", 10, "priority")
        assert [answer["status"] for answer in trial.handle(instruct(large), instruct(small))] == ["queued", "queued"]


def test_a_credit_releases_a_chain_of_queues(server: Server) -> None:
    with attempt(server) as trial:
        trial.fund(dict.fromkeys(NAMES, (0, 0)) | {"AURUM": (50, 0)})
        chain = [Payment(str(n), sender, to, 50, "normal") for n, (sender, to) in enumerate(pairwise(NAMES))]
        waiting = trial.handle(*(instruct(payment) for payment in chain[1:]))
        assert {answer["status"] for answer in waiting} == {"queued"}
        trial.handle(instruct(chain[0]))
        assert trial.rows("SELECT count(*) FROM instruction WHERE status = 'settled'") == [(len(chain),)]
        assert trial.rows("SELECT balance_cents FROM account WHERE participant = 'HALYARD'") == [(50,)]


def test_another_banks_instruction_cannot_be_seen_or_taken(server: Server) -> None:
    with attempt(server) as trial:
        mine = Payment("1", "AURUM", "BOREAL", 1, "normal")
        trial.handle(instruct(mine))
        look, stolen = trial.handle(
            {"op": "look", "key": "1", "sender": "CASTOR"}, instruct(Payment("1", "CASTOR", "BOREAL", 1, "normal"))
        )
        assert look == {"status": "unknown-key", "key": "1"}
        assert (stolen["status"], "seq" in stolen) == ("conflict", False)


def test_a_day_is_moved_closed_once_and_its_positions_are_confirmed_by_who_agrees(server: Server) -> None:
    with attempt(server) as trial:
        [[opened]] = trial.rows("SELECT opened_us FROM business_day")
        moved, other, disordered = trial.handle(
            {"op": "schedule", "day": 1, "cut_off_us": opened, "close_by_us": opened + 5},
            {"op": "schedule", "day": 2, "cut_off_us": opened, "close_by_us": opened + 5},
            {"op": "schedule", "day": 1, "cut_off_us": opened, "close_by_us": opened - 5},
        )
        assert (moved["status"], other["reason"], disordered["reason"]) == ("scheduled", "day-not-open", "not-in-order")
        late, *closed = trial.handle(
            instruct(Payment("1", "AURUM", "BOREAL", 1, "normal")), {"op": "close", "day": 1}, {"op": "close", "day": 1}
        )
        assert (late["status"], late["reason"]) == ("rejected", "after-cut-off")
        assert [answer["status"] for answer in closed] == ["closed", "closed"]
        ask = {"op": "position", "day": 1, "participant": "AURUM"}
        told, wrong, right, other_day = trial.handle(
            ask,
            {**ask, "closing_cents": BANKS[0].opening_cents + 1},
            {**ask, "closing_cents": BANKS[0].opening_cents},
            {**ask, "day": 2},
        )
        assert (told["closing_cents"], told["confirmed"]) == (BANKS[0].opening_cents, False)
        assert (wrong["status"], right["status"], right["confirmed"]) == ("disagreement", "position", True)
        assert other_day == {"status": "no-position"}
        assert trial.rows("SELECT day, closed_us IS NULL FROM business_day ORDER BY day") == [(1, False), (2, True)]


def test_days_that_nobody_closed_are_skipped(server: Server) -> None:
    with attempt(server) as trial:
        trial.connection.execute(
            "UPDATE business_day SET opened_us = opened_us - %(back)s, cut_off_us = opened_us - %(back)s,"
            " close_by_us = opened_us - %(back)s",
            {"back": 3 * DAY_US + 5},
        )
        trial.handle({"op": "close", "day": 1})
        [[ahead, passed]] = trial.rows(
            "SELECT n.cut_off_us - now_us(), n.date - p.date FROM business_day n, business_day p"
            " WHERE n.day = 2 AND p.day = 1"
        )
        assert 0 < ahead <= DAY_US
        assert passed == 4


def ring(trial: Trial) -> list[Payment]:
    """Queue three instructions that wait for each other."""
    trial.fund(dict.fromkeys(NAMES, (0, 0)))
    names = [*NAMES[:3], NAMES[0]]
    waiting = [Payment(str(n), sender, to, 50, "normal") for n, (sender, to) in enumerate(pairwise(names))]
    assert {answer["status"] for answer in trial.handle(*map(instruct, waiting))} == {"queued"}
    return waiting


def test_gridlock_is_settled_at_once_and_the_journal_says_how(server: Server) -> None:
    with attempt(server) as trial:
        ring(trial)
        assert trial.resolve() == [["0", "1", "2"]]
        books_are_right(trial)
        lines = trial.rows("SELECT seq, kind, body::jsonb FROM journal ORDER BY seq DESC LIMIT 4")
        *settled, resolved = [(kind, body) for _, kind, body in lines]
        first = lines[-1][0]
        assert (resolved[0], resolved[1]["method"], resolved[1]["payments"]) == ("resolve", "multilateral", 3)
        assert [(kind, body["resolution"]) for kind, body in settled] == [("settle", first)] * 3
        assert {row for (row,) in trial.rows("SELECT balance_cents FROM account")} == {0}


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "not-all-queued"),
        (["0", "1", "2", "nobody's"], "not-all-queued"),
        (["0", "0", "1", "2"], "not-all-queued"),
        (["0", "1"], "below-limit"),
        (["0", "1", "2", "late"], "out-of-order"),
    ],
)
def test_a_proposal_that_does_not_hold_is_refused_and_nothing_is_done(
    server: Server, keys: list[str], why: str
) -> None:
    with attempt(server) as trial:
        waiting = ring(trial)
        behind = [Payment("early", NAMES[0], NAMES[3], 5, "normal"), Payment("late", NAMES[0], NAMES[3], 5, "priority")]
        trial.handle(*map(instruct, behind))
        [answer] = trial.handle({"op": "resolve", "sets": [{"method": "multilateral", "keys": keys}]})
        assert (answer["status"], answer["reason"], answer["settled"]) == ("refused", why, 0)
        assert trial.rows("SELECT count(*) FROM entry") == [(0,)]
        assert trial.rows("SELECT count(*) FROM journal WHERE kind IN ('settle', 'resolve')") == [(0,)]
        assert len(waiting) == 3


def test_one_gateway_at_a_time_looks_for_gridlock(server: Server) -> None:
    with attempt(server) as trial:
        mine, others, again = trial.handle(*({"op": "queue", "gateway": name} for name in ("a", "b", "a")))
        assert (mine["status"], again["status"]) == ("queue", "queue")
        assert others == {"status": "not-resolving", "resolver": "a"}
        trial.connection.execute("UPDATE head SET resolver_until_us = now_us() - 1")
        [taken_over] = trial.handle({"op": "queue", "gateway": "b"})
        assert taken_over["status"] == "queue"


def test_in_priority_only_what_is_urgent_settles_and_the_rest_waits_in_its_order(server: Server) -> None:
    with attempt(server) as trial:
        trial.fund(dict.fromkeys(NAMES, (0, 0)) | {"AURUM": (100, 0)})
        mode = {"op": "mode", "reason": "the lines are down"}
        [changed, unknown] = trial.handle({**mode, "mode": "priority-only"}, {**mode, "mode": "none"})
        assert (changed["mode"], unknown["reason"]) == ("priority-only", "unknown-mode")
        normal = [Payment(f"n{n}", "AURUM", "BOREAL", 10, "normal") for n in range(3)]
        urgent = Payment("u", "AURUM", "BOREAL", 20, "priority")
        answers = trial.handle(*map(instruct, [*normal, urgent]))
        assert [answer["status"] for answer in answers] == ["queued", "queued", "queued", "settled"]
        trial.handle({**mode, "mode": "full"})
        trial.handle({"op": "calendar"})
        order = trial.rows("SELECT key FROM journal WHERE kind = 'settle' ORDER BY seq")
        assert order == [("u",), ("n0",), ("n1",), ("n2",)]
        told = trial.rows("SELECT body::jsonb->>'mode', body::jsonb->>'reason' FROM journal WHERE kind = 'mode'")
        assert told == [("priority-only", "the lines are down"), ("full", "the lines are down")]
        books_are_right(trial)


def test_a_long_queue_drains_in_parts_and_no_day_closes_meanwhile(server: Server) -> None:
    with attempt(server) as trial:
        trial.fund(dict.fromkeys(NAMES, (0, 0)) | {"AURUM": (1000, 0)})
        trial.handle({"op": "mode", "mode": "priority-only", "reason": "test"})
        waiting = [Payment(f"{n:03}", "AURUM", "BOREAL", 1, "normal") for n in range(450)]
        trial.handle(*map(instruct, waiting))
        trial.handle({"op": "mode", "mode": "full", "reason": "test"})
        settled = "SELECT count(*) FROM instruction WHERE status = 'settled'"
        trial.pass_cut_off()
        assert trial.handle({"op": "close", "day": 1})[0]["reason"] == "draining"
        assert trial.rows(settled) == [(200,)]
        trial.handle({"op": "calendar"})
        assert trial.rows(settled) == [(400,)]
        assert trial.handle({"op": "close", "day": 1})[0]["status"] == "closed"
        assert trial.rows(settled) == [(450,)]
        books_are_right(trial)


def test_a_duty_moves_by_the_operator_alone_and_its_term_grows(server: Server) -> None:
    with attempt(server) as trial:
        move = {"op": "assign", "task": "messaging", "reason": "test"}
        moved, same, stranger, nothing = trial.handle(
            {**move, "holder": "messaging-b"},
            {**move, "holder": "messaging-b"},
            {**move, "holder": "reporting-b"},
            {**move, "task": "tea", "holder": "messaging-b"},
        )
        assert moved == same == {"status": "duty", "task": "messaging", "holder": "messaging-b", "term": 2}
        assert (stranger["reason"], nothing["reason"]) == ("unknown-holder", "unknown-task")
        assert trial.rows("SELECT count(*) FROM journal WHERE kind = 'duty'") == [(1,)]


def test_the_stream_has_what_became_final_once_and_in_order(server: Server) -> None:
    with attempt(server) as trial:
        trial.fund(dict.fromkeys(NAMES, (0, 0)) | {"AURUM": (1000, 0)})
        paid = [Payment(f"{n:03}", "AURUM", "BOREAL", 1, "normal") for n in range(350)]
        trial.handle(*map(instruct, paid), instruct(Payment("waits", "CASTOR", "BOREAL", 1, "normal")))
        trial.pass_cut_off()
        trial.handle({"op": "close", "day": 1})
        after, told = 0, []
        part: dict[str, Any] = {"more": True}
        while part["more"]:
            [part] = trial.handle({"op": "follow", "after": after})
            after = part["last"]
            told += [(line["kind"], line["body"].get("key")) for line in part["lines"]]
        assert told == [*(("settle", payment.key) for payment in paid), ("reject", "waits"), ("close", None)]
        assert part["duties"]["messaging"] == {"task": "messaging", "holder": "messaging-a", "term": 1}
        assert trial.handle({"op": "follow", "after": after})[0] | {"duties": 0} == {
            "status": "stream", "last": after, "more": False, "lines": [], "duties": 0
        }  # fmt: skip
