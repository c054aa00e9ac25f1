"""What a thing needs: names, combined by all, any and at-least, with holds on the leaves."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.model import keys
from holdfast.model.documents import Items, Node, Scalar, Table
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.types import NOTHING_NEEDED, AllOf, AnyOf, AtLeast, Need, On, leaves


def read_needs(fields: Fields, key: str = "needs", of: str = "") -> Need:
    """Return the need at a key; ``of`` is the name of the thing that has it, which cannot need itself."""
    if key not in fields:
        return NOTHING_NEEDED
    need = read_need(fields.reading, fields.entries[key])
    if of and of in leaves(need):
        fields.error("HF120", key, f"{shown(of)} needs itself", "Remove it: it says nothing.")
    return need


def read_need(reading: Reading, node: Node) -> Need:
    """Return a need: a name, a list (all of them), ``{all: …}``, ``{any: …}`` or ``{at_least: k, of: …}``, nested.

    ``{NAME: {holds_for: …}}`` is a name that can be done without for so long.
    """
    if isinstance(node, Items):
        return AllOf(_read_parts(reading, node))
    if isinstance(node, Table):
        if len(node.entries) == 1 and not node.entries.keys() & keys.NEEDS.keys():
            return _read_hold(reading, node)
        return _read_combined(reading, node)
    scalar = reading.scalar(node, "what is needed")
    if scalar is None or not reading.name(scalar):
        return NOTHING_NEEDED
    reading.refer("node", scalar)
    return On(scalar.text)


def holds(need: Need) -> Iterator[On]:
    """Yield the leaves of a need that can be done without for a while."""
    if isinstance(need, On):
        if need.holds_for_ms is not None:
            yield need
    else:
        for part in need.of:
            yield from holds(part)


def _read_hold(reading: Reading, node: Table) -> Need:
    """Return a name with the time for which it can be done without."""
    ((name, inner),) = node.entries.items()
    scalar = Scalar(name, plain=False, place=inner.place)
    fields = Fields(reading, inner, keys.HOLD, f"the need of {shown(name)}")
    holds_for_ms = fields.number("holds_for")
    if not reading.name(scalar):
        return NOTHING_NEEDED
    reading.refer("node", scalar)
    return On(name, holds_for_ms)


def _read_parts(reading: Reading, node: Node) -> tuple[Need, ...]:
    """Return the needs of a list; naming one twice would count it twice."""
    parts = tuple(read_need(reading, item) for item in (node.items if isinstance(node, Items) else (node,)))
    seen: set[str] = set()
    for part in parts:
        if isinstance(part, On):
            if part.resource in seen:
                message = f"expected each need once, got {shown(part.resource)} again"
                reading.findings.error("HF120", node.place, message, "Remove one of the two.")
            seen.add(part.resource)
    return parts


def _read_combined(reading: Reading, node: Table) -> Need:
    """Return a need that is written as a mapping with one of the reserved words."""
    given = node.entries.keys() & keys.NEEDS.keys()
    # Several names in one mapping are one mistake, and not one for each of them.
    fields = Fields(reading, node if given else None, keys.NEEDS, "needs")
    if given not in ({"all"}, {"any"}, {"at_least", "of"}):
        message = (
            f"expected {{all: […]}}, {{any: […]}} or {{at_least: n, of: […]}}, got {shown(', '.join(node.entries))}"
        )
        remedy = "Use one form, and nest the others inside it; write several names as a list, [one, {other: …}]."
        reading.findings.error("HF120", node.place, message, remedy)
        return NOTHING_NEEDED
    key = "of" if "of" in given else next(iter(given))
    parts = _read_parts(reading, fields.entries[key])
    if key == "all":
        return AllOf(parts)
    count = fields.number("at_least") if key == "of" else 1
    if fields.sound("at_least") and count > len(parts):
        message = f"expected {count} to choose from, got {len(parts)}"
        fields.error("HF120", key, message, "It can never be met: lower the number or name more.")
    return AnyOf(parts) if key == "any" else AtLeast(count, parts)
