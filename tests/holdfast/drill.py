"""A drill that never ran, as faithful as one that did: the histories, the ledger and the log that it would have left.

Everything is drawn from one seed. Tests change single rows of what ``play`` returns and judge it again, so the ledger
here is played by code of its own and never by the code that is tested.
"""

from __future__ import annotations

import bisect
import json
import random
from dataclasses import replace

from holdfast.evidence.events import (
    AlarmRaised,
    DayScheduled,
    ExerciseArmed,
    ExerciseClosed,
    ExerciseRearmed,
    FaultIntended,
    FaultProbed,
    FaultUndone,
    PhaseEntered,
)
from holdfast.model.types import Model
from tests.holdfast.remains import (
    BANKS,
    CLOCK_ID,
    EXERCISE,
    GATEWAYS,
    SECOND,
    START_US,
    UTC_US,
    VOCABULARY,
    Drill,
    Plan,
    Row,
    chain,
    envelope,
    example_model,
    instant,
    link,
)

__all__ = [
    "EXERCISE",
    "SECOND",
    "START_US",
    "UTC_US",
    "VOCABULARY",
    "Drill",
    "Plan",
    "Row",
    "envelope",
    "instant",
    "play",
]


class Player:
    """Plays the load and the ledger, instruction by instruction."""

    def __init__(self, plan: Plan, model: Model) -> None:
        """Prepare the banks' accounts."""
        self.drill = Drill(plan, model)
        self.plan = plan
        self.dice = random.Random(plan.seed)
        self.opening = {bank: 4_000_000_00 // (i + 1) for i, bank in enumerate(BANKS)}
        self.limit = {bank: 600_000_00 // (i + 1) for i, bank in enumerate(BANKS)}
        self.balance = dict(self.opening)
        self.instructions: dict[str, Row] = {}
        self.queues: dict[str, list[str]] = {bank: [] for bank in BANKS}
        self.entries: list[Row] = []
        self.journal: list[Row] = []
        self.offers: dict[str, Row] = {}
        for bank in BANKS:
            clock = {"op": "clock", "clock_id": CLOCK_ID, "utc_us": UTC_US, "mono_us": START_US, "bank": bank}
            money = {"opening_cents": self.opening[bank], "limit_cents": self.limit[bank], "seed": plan.seed}
            self.drill.records[bank] = [clock | money]
        for gateway in GATEWAYS:
            self.drill.journals[gateway] = []

    def write(self, kind: str, key: str | None, body: Row) -> int:
        """Add a line to the ledger's journal and return its number."""
        seq = len(self.journal) + 1
        row = {"table": "journal", "seq": seq, "day": 1, "kind": kind, "key": key, "body": json.dumps(body)}
        self.journal.append(row)
        return seq

    def settle(self, key: str, at_us: int) -> None:
        """Move the money of an instruction."""
        row = self.instructions[key]
        body = {name: row[name] for name in ("key", "day", "sender", "receiver", "amount_cents", "priority")}
        row["final_seq"] = self.write("settle", key, body | {"at": at_us})
        row["status"] = "settled"
        sides = ((row["sender"], -row["amount_cents"]), (row["receiver"], row["amount_cents"]))
        for participant, amount in sides:
            self.balance[participant] += amount
            entry = {"seq": row["final_seq"], "key": key, "participant": participant, "amount_cents": amount}
            self.entries.append({"table": "entry"} | entry)

    def release(self, bank: str, at_us: int) -> None:
        """Settle what a bank has in its queue, in order, as far as its money goes; what it pays may free others."""
        work = [bank]
        while work:
            sender = work.pop()
            while self.queues[sender] and self.affords(self.instructions[self.queues[sender][0]]):
                key = self.queues[sender].pop(0)
                self.settle(key, at_us)
                self.final(key, at_us)
                work.append(self.instructions[key]["receiver"])

    def affords(self, row: Row) -> bool:
        """Return whether a sender's money and limit cover an instruction."""
        return bool(self.balance[row["sender"]] - row["amount_cents"] >= -self.limit[row["sender"]])

    def final(self, key: str, at_us: int) -> None:
        """Tell the sender of a queued instruction how it ended."""
        row = self.instructions[key]
        update = {"op": "update", "t_us": START_US + at_us + 5_000, "key": key, "status": row["status"]}
        self.drill.records[row["sender"]].append(update | {"seq": row["final_seq"], "reason": row["reason"]})

    def accept(self, offer: Row, sender: str, at_us: int) -> Row:
        """Take an instruction into the ledger: settled at once, or queued."""
        content = {"key": offer["key"], "day": 1, "sender": sender, "receiver": offer["to"]}
        content |= {"amount_cents": offer["amount_cents"], "priority": offer["priority"]}
        row = {"table": "instruction", **content, "status": "queued", "reason": None, "accepted_seq": None}
        row["final_seq"] = None
        self.instructions[offer["key"]] = row
        if not self.queues[sender] and self.affords(row):
            self.settle(offer["key"], at_us)
            row["accepted_seq"] = row["final_seq"]
            self.release(offer["to"], at_us)
        else:
            row["accepted_seq"] = self.write("accept", offer["key"], content)
            self.queues[sender].append(offer["key"])
        return row

    def play(self) -> Drill:
        """Play the whole drill."""
        accounts = [
            {"participant": bank, "balance_cents": self.opening[bank], "limit_cents": self.limit[bank]}
            for bank in BANKS
        ]
        self.write("open", None, {"day": 1, "accounts": accounts})
        for at_us, sender, offer in self.arrivals():
            self.attempt(at_us, sender, offer)
        self.close()
        self.collect()
        return self.drill

    def arrivals(self) -> list[tuple[int, str, Row]]:
        """Return when each instruction reaches the ledger, with the attempts before it already written down."""
        plan, reached = self.plan, []
        weights = [1 / (i + 1) for i in range(len(BANKS))]
        at_us, number = 0, 0
        down = (plan.steady_us, plan.steady_us + plan.outage_us)
        while (at_us := at_us + int(self.dice.expovariate(plan.rate_per_s) * SECOND)) < plan.end_us:
            number += 1
            sender, to = self.dice.choices(BANKS, weights)[0], self.dice.choice(BANKS)
            if to == sender:
                to = BANKS[(BANKS.index(sender) + 1) % len(BANKS)]
            amount = max(1, int(self.dice.lognormvariate(9.6, 1.1)) * 100)
            offer: Row = {"op": "offer", "t_us": START_US + at_us, "key": f"{sender}-{number:06d}", "to": to}
            offer |= {"amount_cents": amount, "priority": "priority" if self.dice.random() < 0.2 else "normal"}
            self.drill.records[sender].append(offer)
            try_us, attempt = at_us, 1
            while down[0] <= try_us < down[1]:
                early = try_us < down[0] + 2 * SECOND
                status: str = "timeout" if early else self.dice.choice(["unreachable", "unavailable"])
                seen_us = try_us + (SECOND if status == "timeout" else 30_000)
                self.answered(sender, offer["key"], seen_us, attempt, "settlement-a", status, None)
                try_us = seen_us + int(self.dice.uniform(0.25, 1.0) * SECOND)
                attempt += 1
            offer["attempt"] = attempt
            reached.append((try_us + self.dice.randint(2_000, 6_000), sender, offer))
        return sorted(reached, key=lambda item: item[0])

    def answered(
        self, bank: str, key: str, at_us: int, attempt: int, gateway: str, status: str, row: Row | None
    ) -> None:
        """Write down what an attempt got."""
        said = {"op": "answer", "t_us": START_US + at_us, "key": key, "attempt": attempt, "gateway": gateway}
        seq = row["accepted_seq"] if row else None
        self.drill.records[bank].append(said | {"status": status, "seq": seq, "reason": row["reason"] if row else None})

    def attempt(self, at_us: int, sender: str, offer: Row) -> None:
        """Let an attempt through: the gateway's journal first, then the ledger, then the answer."""
        attempt = offer.pop("attempt")
        gateway = GATEWAYS[at_us >= self.plan.steady_us]
        line = {"gateway": gateway, "utc_us": UTC_US + at_us, "mono_us": START_US + at_us, "participant": sender}
        line |= {"key": offer["key"], "to": offer["to"], "amount_cents": offer["amount_cents"]}
        self.drill.journals[gateway].append(line | {"priority": offer["priority"]})
        if self.plan.with_day and at_us >= self.plan.cut_off_us:
            content = {"key": offer["key"], "day": 1, "sender": sender, "receiver": offer["to"]}
            content |= {"amount_cents": offer["amount_cents"], "priority": offer["priority"]}
            seq = self.write("reject", offer["key"], content | {"reason": "after-cut-off"})
            row = {"table": "instruction", **content, "status": "rejected", "reason": "after-cut-off"}
            row |= {"accepted_seq": seq, "final_seq": seq}
            self.instructions[offer["key"]] = row
        else:
            row = self.accept(offer, sender, at_us)
        latency_us = self.dice.randint(6_000, 40_000)
        self.answered(sender, offer["key"], at_us + latency_us, attempt, gateway, str(row["status"]), dict(row))

    def close(self) -> None:
        """Close the day: what is still queued is rejected by rule, positions are written and confirmed."""
        plan, ledger = self.plan, self.drill.ledger
        closed_us = plan.end_us + SECOND
        ledger.append(
            {"table": "_source", "node": "ledger-b", "in_recovery": False, "timeline": 2, "lsn": "0/5000060"}
            | {"system_identifier": "7400000000000000001"}
        )
        if plan.with_day:
            for bank in BANKS:
                for key in self.queues[bank]:
                    row = self.instructions[key]
                    row["status"], row["reason"] = "rejected", "unfunded-at-close"
                    content = {n: row[n] for n in ("key", "day", "sender", "receiver", "amount_cents", "priority")}
                    row["final_seq"] = self.write("reject", key, content | {"reason": row["reason"]})
                    self.final(key, closed_us)
        positions = [self.position(bank) for bank in BANKS]
        if plan.with_day:
            self.write("close", None, {"day": 1, "positions": positions})
        for bank in BANKS:
            account = {"participant": bank, "opening_cents": self.opening[bank], "balance_cents": self.balance[bank]}
            ledger.append({"table": "account"} | account | {"limit_cents": self.limit[bank]})
        ledger.extend(self.instructions[key] for key in sorted(self.instructions))
        ledger.extend(sorted(self.entries, key=lambda entry: (entry["key"], entry["participant"])))
        chain(self.journal)
        ledger.extend(self.journal)
        day = {"table": "business_day", "day": 1, "date": "2026-11-21", "opened_us": UTC_US}
        day |= {"cut_off_us": UTC_US + plan.cut_off_us, "close_by_us": UTC_US + plan.close_by_us}
        ledger.append(day | {"closed_us": UTC_US + closed_us if plan.with_day else None})
        for position in positions if plan.with_day else ():
            confirmed = {"confirmed": True, "confirmed_us": UTC_US + closed_us + 200_000}
            ledger.append({"table": "position", "day": 1} | position | confirmed)
            told = {"op": "position", "t_us": START_US + closed_us + 150_000, "day": 1} | position
            told |= {"own_debits_cents": position["debits_cents"], "agrees": True, "confirmed": True}
            self.drill.records[position["participant"]].append(told)
        for lines in self.drill.journals.values():
            link(lines)
        for rows in self.drill.records.values():
            rows[1:] = sorted(rows[1:], key=lambda row: row["t_us"])

    def position(self, bank: str) -> Row:
        """Return a bank's position of the day."""
        own = [entry["amount_cents"] for entry in self.entries if entry["participant"] == bank]
        sums = {"debits_cents": -sum(a for a in own if a < 0), "credits_cents": sum(a for a in own if a > 0)}
        return {"participant": bank, "opening_cents": self.opening[bank]} | sums | {"closing_cents": self.balance[bank]}

    def collect(self) -> None:
        """Write down what the runner recorded."""
        plan, drill = self.plan, self.drill
        scenario = drill.model.scenarios[plan.scenario]
        struck_us = plan.steady_us
        drill.before = [
            ExerciseArmed(
                EXERCISE,
                ready=True,
                observed={"throughput": "steady", "copies": "2 streaming"},
                occurred=instant(struck_us - SECOND),
            ),
            PhaseEntered(EXERCISE, "steady", "load is steady", instant(struck_us - SECOND)),
        ]
        if plan.with_day:
            cut_off, close_by = instant(plan.cut_off_us), instant(plan.close_by_us)
            scheduled = DayScheduled(EXERCISE, 1, cut_off, close_by, instant(struck_us), scenario.compression)
            drill.before.append(scheduled)
        for number, fault in enumerate(scenario.disruption, start=1):
            name, at_us = f"f{number}", struck_us + fault.after_ms * 1_000
            intended = FaultIntended(
                EXERCISE,
                name,
                fault.name,
                fault.target,
                {},
                fault.box_ms,
                {"op": "site_on"},
                {"pid": "77"},
                instant(at_us),
            )
            seen = "no process of dc-a is left and none of its addresses answers"
            drill.before += [
                intended,
                FaultProbed(
                    EXERCISE,
                    name,
                    effective=True,
                    observed=seen,
                    injected=instant(at_us + 2_000),
                    occurred=instant(at_us + 140_000),
                ),
            ]
        if plan.alarm_after_us is not None:
            self.alarm(struck_us + plan.alarm_after_us, struck_us + plan.outage_us + 3 * SECOND)
        for number in range(len(scenario.disruption), 0, -1):
            at_us = struck_us + plan.hold_us
            undone = FaultUndone(
                EXERCISE, f"f{number}", "runner", undone=True, observed="all back", occurred=instant(at_us)
            )
            drill.before.append(undone)
        drill.after = [
            ExerciseRearmed(
                EXERCISE,
                ready=True,
                observed={"copies": "2 streaming"},
                occurred=instant(struck_us + plan.hold_us + 7 * SECOND),
            ),
            ExerciseClosed(EXERCISE, "finished", "", instant(plan.end_us + 4 * SECOND)),
        ]

    def alarm(self, raised_us: int, cleared_us: int) -> None:
        """Raise and clear the participants' alarm."""
        for state, at_us in (("raised", raised_us), ("cleared", cleared_us)):
            detail = "0 of 8 banks served" if state == "raised" else "8 of 8 banks served"
            row = {"op": "alarm", "t_us": START_US + at_us, "utc_us": UTC_US + at_us, "clock_id": CLOCK_ID}
            row |= {"service": "gross-settlement", "by": "participants-monitor", "state": state, "detail": detail}
            self.drill.alarms.append(row)
        said = AlarmRaised(
            EXERCISE,
            "gross-settlement",
            "participants-monitor",
            "raised",
            "0 of 8 banks served",
            "alarms.ndjson",
            instant(raised_us),
        )
        self.drill.before.append(said)


def play(plan: Plan | None = None, **changes: object) -> Drill:
    """Return a drill that went well, or as ``changes`` to the usual plan make it go."""
    chosen = replace(plan or Plan(), **changes)  # type: ignore[arg-type]
    return Player(chosen, example_model()).play()


def served_at(drill: Drill) -> list[int]:
    """Return when each acknowledgement came, in order: for tests that count by hand."""
    definite = {"settled", "queued", "rejected"}
    times: list[int] = []
    for rows in drill.records.values():
        for row in rows:
            if row["op"] == "answer" and row["status"] in definite:
                bisect.insort(times, row["t_us"])
    return times
