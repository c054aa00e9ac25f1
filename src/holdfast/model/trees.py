"""Dependencies as trees of lines, downwards and upwards: what something stands on, and what stands on it.

A thing is spelled out the first time a tree comes to it; later it is only named, so that a tree is no longer than the
model, whatever needs whatever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from holdfast.model.quantities import written
from holdfast.model.types import AllOf, AtLeast, Group, Model, Need, On, Resource
from holdfast.model.uses import Use, must_function
from holdfast.model.wording import counted, listed

MAX_LEVELS = 150  # of lines below lines; a model may be deeper than an interpreter's stack
_SEEN = "see above"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a tree: ``name`` is the declared thing it speaks of, ``None`` where it only joins those below."""

    words: str
    name: str | None = None
    note: str = ""
    below: tuple[Line, ...] = ()


@dataclass(slots=True)
class Downwards:
    """Writes what things stand on; one of these remembers what was spelled out already."""

    model: Model
    seen: set[str] = field(default_factory=set)
    path: list[str] = field(default_factory=list)
    level: int = 0

    def need(self, need: Need) -> tuple[Line, ...]:
        """Return the lines of a need: all of them must function, unless a line says otherwise."""
        if isinstance(need, AllOf):
            return tuple(line for part in need.of for line in self._part(part))
        return self._part(need)

    def _part(self, need: Need) -> tuple[Line, ...]:
        if isinstance(need, On):
            line = self.named(need.resource)
            if need.holds_for_ms is None:
                return (line,)
            return (replace(line, note=_joined(f"can be missing for {written(need.holds_for_ms)}", line.note)),)
        if len(need.of) == 1:
            return self.need(need.of[0])
        self.level += 1
        inside = tuple(line for part in need.of for line in self._part(part))
        self.level -= 1
        if isinstance(need, AllOf):
            return (Line("all of these", below=inside),) if inside else ()
        words = f"{need.count} of these {len(need.of)}" if isinstance(need, AtLeast) else "one of these"
        return (Line(words, below=inside),)

    def named(self, name: str) -> Line:
        """Return the line of a resource or group, with what it stands on below it."""
        declared = self.model.resources.get(name) or self.model.groups.get(name)
        if declared is None:
            return Line(name, name)
        note = told(declared)
        if name in self.path:
            return Line(name, name, _joined(note, "needed in turn"))
        if name in self.seen:
            empty = isinstance(declared, Resource) and declared.needs == AllOf(()) and not _subcontracts(declared)
            return Line(name, name, note if empty else _joined(note, _SEEN))
        if self.level >= MAX_LEVELS:
            return Line(name, name, _joined(note, f"more below: holdfast explain {name}"))
        self.seen.add(name)
        self.path.append(name)
        self.level += 1
        below = self.of(declared)
        self.level -= 1
        self.path.pop()
        return Line(name, name, note, below)

    def of(self, declared: Resource | Group) -> tuple[Line, ...]:
        """Return what a resource or group stands on."""
        if isinstance(declared, Resource):
            below = (self.named(name) for name in _subcontracts(declared))
            subcontractors = (
                replace(line, note=_joined("subcontractor without which it fails", line.note)) for line in below
            )
            return (*self.need(declared.needs), *subcontractors)
        members = tuple(self.named(member) for member in declared.members)
        needs = self.need(declared.needs)
        if not needs:
            return members
        return (Line(f"{must_function(declared)} of these {len(members)}", below=members), *needs)


@dataclass(slots=True)
class Upwards:
    """Writes what stands on things, up to services; one of these remembers what was spelled out already."""

    model: Model
    used: Mapping[str, tuple[Use, ...]]
    seen: set[str] = field(default_factory=set)

    def lines(self, name: str, level: int = 0) -> tuple[Line, ...]:
        """Return what uses a resource or group, services first, each with what uses it in turn."""
        self.seen.add(name)
        users = self.used.get(name, ())
        modes: dict[str, list[Use]] = {}
        for use in users:
            if use.sort == "service":
                modes.setdefault(use.by, []).append(use)
        services = (Line(service, service, self._modes(service, each)) for service, each in modes.items())
        others = (self._line(name, use, level) for use in users if use.sort != "service")
        return (*services, *others)

    def _modes(self, service: str, each: list[Use]) -> str:
        """Return in which of its modes a service uses something, and whether it can do without."""
        stopped = [use.mode or "" for use in each if use.vital]
        if len(stopped) == len(self.model.services[service].modes):
            return "service, in no mode without it"
        note = (
            f"service, not in mode {listed(stopped, 'or')} without it" if stopped else "service, functions without it"
        )
        return note if stopped else f"{note} while something else does"

    def _line(self, name: str, use: Use, level: int) -> Line:
        note = self._how(name, use)
        if use.sort == "role":
            return Line(use.by, use.by, f"role, reached by it: {note}")
        if use.by in self.seen:
            return Line(use.by, use.by, _joined(note, _SEEN) if use.by in self.used else note)
        if level >= MAX_LEVELS:
            return Line(use.by, use.by, _joined(note, f"more above: holdfast explain {use.by}"))
        return Line(use.by, use.by, note, self.lines(use.by, level + 1))

    def _how(self, name: str, use: Use) -> str:
        """Return in which way it is used."""
        if use.member:
            group = self.model.groups[use.by]
            return f"{must_function(group)} of its {counted(len(group.members), 'member')} must function"
        how = "stops without it" if use.vital else f"functions without {name} while something else does"
        return how if use.holds_for_ms is None else f"{how}, after {written(use.holds_for_ms)}"


def _subcontracts(resource: Resource) -> tuple[str, ...]:
    """Return the third parties that a supplier stands on."""
    return resource.supplier.subcontracts if resource.supplier is not None else ()


def told(declared: Resource | Group) -> str:
    """Return in a few words what a resource or group is and where."""
    if isinstance(declared, Group):
        return f"{declared.kind}, {must_function(declared)} of these {len(declared.members)}"
    if declared.between is not None:
        return f"{declared.kind} between {listed(declared.between)}"
    return f"{declared.kind} at {declared.site}" if declared.site else declared.kind


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
