"""Who bears a weakness: by its fingerprint or by naming all its subjects, until a day, and if it counts at all."""

from __future__ import annotations

from holdfast.analysis.accepted import Acceptance, Sorted, sort_out
from holdfast.analysis.weakness import Weakness
from holdfast.errors import Place
from holdfast.model.types import Model, RiskAcceptance
from tests.holdfast.analysis.small import model, thing

ON = "2026-11-21"
HERE = Place("bank.yaml", 1)
DB = Weakness("HF601", "high", HERE, ("db",), ("pay",), "It fails.", ("pay", "db"), "Have two.")
TWINS = Weakness("HF602", "high", HERE, ("agent=x", "g"), ("pay",), "They fall.", ("pay", "g"), "Separate them.")


def line(finding: str, *on: str, until: str = "2027-01-01") -> Acceptance:
    return Acceptance(finding, frozenset(on), "It is known.", "cro", until, Place("base.yaml", 3))


def borne(*lines: Acceptance) -> Sorted:
    return sort_out(model(), [DB, TWINS], lines, ON)


def test_by_fingerprint_or_by_every_subject() -> None:
    assert borne(line(DB.fingerprint)).open == (TWINS,)
    assert borne(line("HF601", "db", "other")).open == (TWINS,)
    assert borne(line("HF601", "db")).borne[0][1].by == "cro"
    assert borne(line("HF602", "g")).open == (DB, TWINS)
    assert borne(line("HF602", "agent=x", "g")).open == (DB,)
    assert borne(line("HF602", "agent", "g")).open == (DB,)
    assert borne(line("HF602", "db")).open == (DB, TWINS)


def test_until_its_day_is_over_and_never_without_a_match() -> None:
    assert borne(line("HF601", "db", until=ON)).open == (TWINS,)
    over = borne(line("HF601", "db", until="2026-11-20"), line("HF601", "gone"))
    assert over.open == (DB, TWINS)
    assert [expired.until for expired in over.expired] == ["2026-11-20"]
    assert [sorted(unmatched.on) for unmatched in over.unmatched] == [["gone"]]


def accepting(code: str, *on: str) -> Model:
    acceptance = RiskAcceptance("known", code, on, "It is known.", "cro", "2027-01-01")
    return model([thing("g"), thing("db")], risk_acceptances={"known": acceptance})


def test_the_models_own_acceptances_need_not_name_what_is_not_declared_but_an_attribute() -> None:
    way = Weakness("HF610", "low", HERE, ("db", "replace"), ("pay",), "Untried.", (), "Try it.")
    assert sort_out(accepting("HF610", "db"), [way], (), ON).open == ()
    lines = Weakness("HF610", "low", HERE, ("line-fault",), ("pay",), "Untried.", (), "Try it.")
    assert sort_out(accepting("HF610", "db"), [lines], (), ON).open == (lines,)
    assert sort_out(accepting("HF602", "g"), [TWINS], (), ON).open == (TWINS,)
    assert sort_out(accepting("HF602", "g", "agent"), [TWINS], (), ON).open == ()
    gap = sort_out(accepting("HF501", "db"), [DB], (), ON)
    assert (gap.open, gap.unmatched) == ((DB,), ())


def test_an_acceptance_that_nobody_approved_bears_nothing_once_there_is_a_log() -> None:
    found = accepting("HF601", "db")
    assert sort_out(found, [DB], (), ON).open == ()
    assert sort_out(found, [DB], (), ON, {"risk-acceptance:known": "approved"}).open == ()
    for standing in ({}, {"risk-acceptance:known": "changed since"}):
        refused = sort_out(found, [DB], (), ON, standing)
        assert refused.open == (DB,)
        assert len(refused.unapproved) == 1
