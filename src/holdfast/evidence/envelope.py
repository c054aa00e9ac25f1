"""An entry of the log: an event in its envelope, as canonical bytes.

The entry is the JCS form (RFC 8785) of the *whole* envelope, so that what is hashed and signed is also who recorded
it, when, and in which place of which log. A body holds integers within 2^53 - 1, strings, booleans, null, lists and
objects of these; never a float, because no two writers are sure to print one alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import rfc8785
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import PydanticSerializationError, to_json

from holdfast.errors import HoldfastError
from holdfast.evidence.events import KINDS, Attachment, Continued, Event, Instant

ENVELOPE_VERSION = 1
# C2SP tlog-tiles prefixes an entry with its length as uint16; the longest length is left unused.
ENTRY_LIMIT_BYTES = 65_534
SAFE_INTEGER_MAX = 2**53 - 1

_STRICT = ConfigDict(strict=True, extra="forbid")


@with_config(ConfigDict(strict=True, revalidate_instances="always"))
@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around every event: which log and place, when it was recorded and on which clock, by whom, why."""

    v: int
    log: str
    seq: int
    at_utc_us: int
    mono_us: int
    clock_id: str
    kind: str
    actor: str
    os_user: str
    subject: str
    cause: int | None  # the entry that led to this one
    body: dict[str, Any]


def _adapters() -> dict[str, TypeAdapter[Any]]:
    # The types stay plain dataclasses; that a reader takes nothing it does not know is laid on them here, once.
    for recorded in (Instant, Attachment, Continued, *KINDS.values()):
        with_config(_STRICT)(recorded)
    return {kind: TypeAdapter(recorded) for kind, recorded in KINDS.items()}


_EVENTS = _adapters()
_ENVELOPE = TypeAdapter(Envelope)
_KIND_OF = {recorded: kind for kind, recorded in KINDS.items()}
_FIELDS = frozenset(Envelope.__dataclass_fields__)


def kind_of(event: Event) -> str:
    """Return the name under which this event's type stands in an envelope."""
    return _KIND_OF[type(event)]


def body_of(event: Event) -> dict[str, Any]:
    """Return the event's body as JSON values; HF206 if it holds what its type does not allow (a float, a wrong type).

    The body is read back as it will be by every later reader, so that nothing enters the log that cannot be read.
    """
    adapter = _EVENTS[kind_of(event)]
    try:
        body: dict[str, Any] = adapter.dump_python(event, mode="json", exclude_none=True, warnings="error")
        adapter.validate_json(to_json(body))
    except (ValidationError, PydanticSerializationError) as error:
        message = f"a {kind_of(event)} event does not fit its type: {_first_problem(error)}"
        raise HoldfastError("HF206", message, remedy="correct the value; docs/events.md lists every field") from error
    return body


def event_of(envelope: Envelope) -> Event:
    """Return the typed event of an envelope; HF207 if its kind is not known here or its body does not fit."""
    adapter = _EVENTS.get(envelope.kind)
    if adapter is None:
        message = f"entry {envelope.seq} is of kind {envelope.kind!r}, which this version does not know"
        raise HoldfastError("HF207", message, remedy="read this log with the version of Holdfast that wrote it")
    try:
        event: Event = adapter.validate_json(to_json(envelope.body))
    except (ValidationError, PydanticSerializationError) as error:
        message = f"entry {envelope.seq} ({envelope.kind}) does not fit its type: {_first_problem(error)}"
        raise HoldfastError("HF207", message, remedy="read this log with the version that wrote it") from error
    return event


def encode(envelope: Envelope) -> bytes:
    """Return the canonical bytes of an envelope; HF206 if a value has no canonical form or they exceed 65,534 bytes."""
    try:
        data = rfc8785.dumps({field: _no_floats(getattr(envelope, field)) for field in _FIELDS})
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        message = f"a {envelope.kind} event has no canonical form: {error}"
        remedy = "use integers within 2^53 - 1, or decimal strings, and valid Unicode"
        raise HoldfastError("HF206", message, remedy=remedy) from error
    if len(data) > ENTRY_LIMIT_BYTES:
        message = f"a {envelope.kind} event takes {len(data):,} bytes; at most {ENTRY_LIMIT_BYTES:,} fit in an entry"
        raise HoldfastError("HF206", message, remedy="attach the large part as a file and name it in the event")
    return data


def decode(data: bytes) -> Envelope:
    """Return the envelope of an entry's bytes; HF207 if they are not one (also: a float, a repeated member)."""
    try:
        fields = json.loads(
            data.decode(),
            parse_int=_safe_integer,
            parse_float=_refuse,
            parse_constant=_refuse,
            object_pairs_hook=_without_repeats,
        )
        return _ENVELOPE.validate_python(Envelope(**fields))
    except (ValueError, TypeError, RecursionError) as error:
        message = f"an entry of {len(data):,} bytes is not an envelope: {_first_problem(error)}"
        raise HoldfastError("HF207", message, remedy="run `holdfast log verify` on this log") from error


def _no_floats(value: object) -> Any:  # noqa: ANN401 -- JSON in, the same JSON out
    """Return the value; a float is refused, for RFC 8785 itself would print it."""
    if isinstance(value, float):
        message = f"{value!r} is a float"
        raise rfc8785.CanonicalizationError(message)
    if isinstance(value, Mapping):
        return {key: _no_floats(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_no_floats(member) for member in value]
    return value


def _safe_integer(text: str) -> int:
    number = int(text)
    if abs(number) > SAFE_INTEGER_MAX:
        _refuse(text)
    return number


def _refuse(text: str) -> NoReturn:
    message = f"{text} is not an integer within 2^53 - 1"
    raise ValueError(message)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "an object has two members of one name"
        raise ValueError(message)
    return members


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error) or type(error).__name__
