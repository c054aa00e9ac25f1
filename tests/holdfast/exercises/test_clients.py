"""The live view of the clients, step by step, against the judge's reading of the whole record."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.exercises.clients import Clients
from holdfast.model.types import Indicator
from holdfast.state.history import History, Operation, Record
from holdfast.state.rows import Answer, Clock, Offer
from holdfast.state.service import Timeline, observe

INDICATOR = Indicator(("settled", "queued"), within_ms=200, participants_ppm=700_000, window_ms=300, probe="monitor")
MS = 1000
STEP_MS = 50
BANKS = ("AURUM", "BOREAL", "CASTOR", "DELTA")

# Each bank offers once a step; how long after the answer comes, None for never.
DELAYS = st.lists(
    st.tuples(*(st.one_of(st.none(), st.sampled_from([1, 60, 190, 250, 400])) for _ in BANKS)), min_size=1, max_size=80
)


def rows(delays: list[tuple[int | None, ...]]) -> dict[str, list[dict[str, object]]]:
    """Return each bank's record, in the order in which it would be written."""
    made: dict[str, list[tuple[int, dict[str, object]]]] = {bank: [] for bank in BANKS}
    for step, row in enumerate(delays):
        for index, (bank, delay) in enumerate(zip(BANKS, row, strict=True)):
            at, key = (step * STEP_MS + index) * MS, f"{bank}-{step}"
            made[bank].append((at, {"op": "offer", "t_us": at, "key": key}))
            if delay is not None:
                answered = at + delay * MS
                answer = {"op": "answer", "t_us": answered, "key": key, "status": "settled"}
                made[bank].append((answered, answer))
    return {bank: [row for _, row in sorted(listed, key=lambda pair: pair[0])] for bank, listed in made.items()}


def judged(delays: list[tuple[int | None, ...]], end_us: int) -> Timeline:
    """Return the judge's timeline of the same record."""
    records = {}
    for bank, listed in rows(delays).items():
        offers = {str(row["key"]): row for row in listed if row["op"] == "offer"}
        answers = {str(row["key"]): row for row in listed if row["op"] == "answer"}
        operations = tuple(
            Operation(
                bank,
                Offer("offer", int(str(offer["t_us"])), key, "AURUM", 1, "normal"),
                (Answer("answer", int(str(answers[key]["t_us"])), key, 1, "g", "settled", 1, None),)
                if key in answers
                else (),
                (),
            )
            for key, offer in offers.items()
        )
        records[bank] = Record(Clock("clock", bank, "boot", 0, 0, 0, 0), operations, (), end_us, ended=True)
    timeline = observe(History(records, (), None, {}), INDICATOR)
    assert isinstance(timeline, Timeline)
    return timeline


@settings(max_examples=60, deadline=None)
@given(DELAYS)
def test_the_live_view_ends_where_the_judge_does(delays: list[tuple[int | None, ...]]) -> None:
    """The judge is asked with a second of good service after the record, so that every window before is decided."""
    quiet: list[tuple[int | None, ...]] = [(1, 1, 1, 1)] * 40
    whole = [*delays, *quiet]
    end_us = len(whole) * STEP_MS * MS + 1000 * MS
    expected = judged(whole, end_us).interruptions
    written = rows(whole)
    seen: list[tuple[int, int | None]] = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        clients = Clients(directory, INDICATOR)
        done = dict.fromkeys(BANKS, 0)
        for now_us in range(0, end_us + 1, 30 * MS):
            for bank, listed in written.items():
                due = [row for row in listed if int(str(row["t_us"])) <= now_us]
                with (directory / f"{bank}.ndjson").open("a") as file:
                    file.writelines(json.dumps(row) + "\n" for row in due[done[bank] :])
                done[bank] = len(due)
            view = clients.look(now_us)
            if view.disrupted_us is not None and (not seen or seen[-1][0] != view.disrupted_us):
                seen.append((view.disrupted_us, None))
            elif view.disrupted_us is None and seen and seen[-1][1] is None:
                seen[-1] = (seen[-1][0], seen[-1][0] + view.outage_us)
        assert clients.look(end_us).offered == len(whole) * len(BANKS)
    # A disruption that was over before it was decided is seen whole or not at all, and only ever with its true ends.
    true = {(each.disrupted_us, each.restored_us) for each in expected}
    assert set(seen) <= true
    long = {pair for pair in true if pair[1] is None or pair[1] - pair[0] > (INDICATOR.within_ms + 100) * MS}
    assert long <= set(seen)


def test_steadiness_is_counted_from_the_first_good_window_on(tmp_path: Path) -> None:
    clients = Clients(tmp_path, INDICATOR)
    assert clients.look(0).steady_us() == 0
    for bank, listed in rows([(1, 1, 1, 1)] * 40).items():
        (tmp_path / f"{bank}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in listed))
    view = clients.look(2000 * MS)
    assert view.state == "available"
    assert 1900 * MS <= view.steady_us() <= 2300 * MS
    assert (view.offered, view.answered) == (160, 160)


def test_a_gap_in_what_is_asked_for_is_no_steadiness(tmp_path: Path) -> None:
    clients = Clients(tmp_path, INDICATOR)
    for bank, listed in rows([(1, 1, 1, 1)] * 40).items():
        # The same again a second after it ended: in between nobody asked, so nothing is known.
        later = [{**row, "t_us": int(str(row["t_us"])) + 3000 * MS, "key": f"{row['key']}-later"} for row in listed]
        (tmp_path / f"{bank}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in [*listed, *later]))
    view = clients.look(5000 * MS)
    assert view.state == "available"
    assert view.steady_us() <= 2300 * MS


def test_alarms_are_no_participant(tmp_path: Path) -> None:
    (tmp_path / "alarms.ndjson").write_text('{"op": "offer", "t_us": 1, "key": "k"}\n')
    assert Clients(tmp_path, INDICATOR).look(10).offered == 0


def test_for_a_service_of_messages_the_live_view_follows_the_payments(tmp_path: Path) -> None:
    row = {"op": "offer", "t_us": 1, "key": "k"}, {"op": "answer", "t_us": 2, "key": "k", "status": "settled"}
    (tmp_path / "AURUM.ndjson").write_text("".join(json.dumps(each) + "\n" for each in row))
    indicator = Indicator(("confirmed",), within_ms=200, participants_ppm=1_000_000, window_ms=300, probe="inbox")
    view = Clients(tmp_path, indicator).look(1_000_000)
    assert (view.offered, view.answered, view.state) == (1, 1, "available")
