"""Entries: canonical bytes out, typed events back in, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from random import Random
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import (
    ENTRY_LIMIT_BYTES,
    SAFE_INTEGER_MAX,
    Envelope,
    body_of,
    decode,
    encode,
    event_of,
    kind_of,
)
from holdfast.evidence.events import KINDS, Event, Instant, PhaseEntered

INTEGERS = st.integers(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def made_of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 -- a type as an annotation names it
    """Return values of a field's type, within what JSON can carry."""
    if is_dataclass(hint) and isinstance(hint, type):
        return st.builds(hint, **{name: made_of(member) for name, member in get_type_hints(hint).items()})
    if get_origin(hint) is Mapping:
        return st.dictionaries(TEXT, TEXT, max_size=4)
    if get_origin(hint) is tuple:
        return st.lists(made_of(get_args(hint)[0]), max_size=4).map(tuple)
    if get_origin(hint) is UnionType:
        return st.one_of([made_of(member) for member in get_args(hint)])
    if hint in {int, str}:
        return INTEGERS if hint is int else TEXT
    return st.from_type(hint)


EVENTS = st.one_of([made_of(event) for event in KINDS.values()])
EVENT = PhaseEntered("exercise-1", "armed", "all copies stream", Instant(1, 2, "boot"))


def envelope_of(event: Event, **changes: Any) -> Envelope:  # noqa: ANN401 -- fields of several types
    whole = Envelope(1, "bank.example/log", 3, 5, 7, "boot", kind_of(event), "runner", "ops", "s", None, body_of(event))
    return replace(whole, **changes)


@given(EVENTS)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    envelope = envelope_of(event)
    data = encode(envelope)
    assert decode(data) == envelope
    assert event_of(decode(data)) == event
    assert encode(decode(data)) == data


@given(EVENTS)
def test_the_bytes_are_canonical_and_of_the_whole_envelope(event: Event) -> None:
    data = encode(envelope_of(event))
    assert rfc8785.dumps(json.loads(data)) == data
    assert list(json.loads(data)) == sorted(Envelope.__dataclass_fields__)


def test_the_bytes_of_one_entry() -> None:
    assert encode(envelope_of(EVENT, cause=2)) == (
        b'{"actor":"runner","at_utc_us":5,"body":{"detail":"all copies stream","exercise":"exercise-1",'
        b'"occurred":{"clock_id":"boot","mono_us":2,"utc_us":1},"phase":"armed"},"cause":2,"clock_id":"boot",'
        b'"kind":"phase.entered","log":"bank.example/log","mono_us":7,"os_user":"ops","seq":3,"subject":"s","v":1}'
    )


@pytest.mark.parametrize("value", [1.5, 1.0, float("nan"), 7, None, ["a"], b"a"])
def test_a_value_of_another_type_is_not_recorded(value: object) -> None:
    with pytest.raises(HoldfastError) as refused:
        body_of(replace(EVENT, detail=value))  # type: ignore[arg-type]  # what this test is about
    assert refused.value.code == "HF206"


@pytest.mark.parametrize("number", [SAFE_INTEGER_MAX + 1, -SAFE_INTEGER_MAX - 1])
def test_an_integer_that_json_readers_would_round_is_not_recorded(number: int) -> None:
    with pytest.raises(HoldfastError, match="no canonical form"):
        encode(envelope_of(replace(EVENT, occurred=Instant(number, 0, "boot"))))


@pytest.mark.parametrize("body", [{"a": 1.0}, {"a": {"b": [0.5]}}, {"a": "\ud800"}])
def test_a_body_without_canonical_form_is_not_recorded(body: dict[str, Any]) -> None:
    with pytest.raises(HoldfastError, match="no canonical form"):
        encode(envelope_of(EVENT, body=body))


def test_an_entry_fits_its_sixteen_bit_length() -> None:
    room = ENTRY_LIMIT_BYTES - len(encode(envelope_of(replace(EVENT, detail=""))))
    assert len(encode(envelope_of(replace(EVENT, detail="x" * room)))) == ENTRY_LIMIT_BYTES
    with pytest.raises(HoldfastError, match="at most 65,534") as refused:
        encode(envelope_of(replace(EVENT, detail="x" * (room + 1))))
    assert refused.value.remedy.startswith("attach the large part")


def altered(**members: object) -> bytes:
    return json.dumps(json.loads(encode(envelope_of(EVENT))) | members).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 60_000,
        altered(more=1),
        altered(seq="3"),
        altered(seq=True),
        altered(cause="none"),
        altered(seq=3.0),
        altered(at_utc_us=2**53),
        altered(body=[]),
        altered(body={"a": 1.5}),
        altered(body={"a": float("inf")}),
        encode(envelope_of(EVENT)).replace(b'"v":1', b'"v":1,"v":2'),
    ],
)
def test_what_is_no_envelope_is_not_read(data: bytes) -> None:
    with pytest.raises(HoldfastError) as refused:
        decode(data)
    assert refused.value.code == "HF207"


def test_a_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(HoldfastError, match="does not know"):
        event_of(envelope_of(EVENT, kind="weather.changed"))


@given(EVENTS, st.randoms())
def test_an_unknown_or_missing_member_is_refused(event: Event, dice: Random) -> None:
    envelope = envelope_of(event)
    missing = dice.choice([field.name for field in fields(event) if field.default is MISSING])
    without = {name: member for name, member in envelope.body.items() if name != missing}
    for wrong in (envelope.body | {"more": 1}, without):
        with pytest.raises(HoldfastError) as refused:
            event_of(replace(envelope, body=wrong))
        assert refused.value.code == "HF207"
