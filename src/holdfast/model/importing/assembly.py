"""From things and links to the entries of a declaration, and the account of every row on the way.

The rules, in one place. A service stands on resources, never on a service: what one service needs of another becomes
what that other one stands on. A group of things that fail over is written with a quorum that errs on the safe side:
more than half for a cluster, all for a collection of unknown sense. Production never needs what may be broken. A link
whose end is not there is left, and said; so is everything that a person took out of the declaration by hand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from holdfast.model.importing.account import Entry, Ledger, Row, Section
from holdfast.model.importing.facts import AGAIN, Facts, Link, Plain, Said, Sort, Thing, words_of
from holdfast.model.importing.limits import limits_said
from holdfast.model.importing.naming import named, slug

SECTION_OF: Mapping[Sort, Section] = {
    "service": "services",
    "resource": "resources",
    "site": "sites",
    "segment": "segments",
}

ONE_MODE = "one mode, because the export knows no others"
QUORUM_CLUSTER = "how many members must function: more than half"
QUORUM_COLLECTION = "how many members must function: all, for nothing says that they replace each other"
BELOW_SERVICE = "a service is no resource: what it stands on is needed instead"

UNKNOWN_END = "a relation to something that is not in these files"
LEFT_END = "a relation to something that was left"
UNWANTED_END = "a relation to something that you removed from the declaration"
SELF = "something that needs itself"
NOT_FITTING = "a relation that the model does not have between such things"
UNWANTED = "you removed it from the declaration"
DECLARED = "declared already"
MAX_NOTES = 10
_JOINS = frozenset({"cluster", "collection"})
ENVIRONMENT = "production that would need something which may be broken"


@dataclass(frozen=True, slots=True)
class Present:
    """An entry that stands in the declaration by a person's hand: where, and what of it links must know."""

    section: Section
    place: str
    is_group: bool = False
    environment: str = "production"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an import finds in place.

    ``names`` are those that earlier imports gave, by key; ``declared`` the entries that persons wrote, by section and
    name; ``unwanted`` those of earlier imports that a person removed; ``environments`` what a person wrote as the
    environment of an imported one. ``groups`` are imported ones whose members a person edited: groups they remain.
    ``single`` are names that a person uses where only a resource may stand, as a member or the end of a flow, and
    ``members`` those that each entry of the file uses so: it may have to stay when the source no longer has it.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[tuple[Section, str], Present] = field(default_factory=dict)
    unwanted: frozenset[tuple[Section, str]] = frozenset()
    environments: Mapping[tuple[Section, str], str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    single: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an import would like to stand in its file, the names it gave by key, and the account of its rows."""

    entries: tuple[Entry, ...]
    names: Mapping[str, str]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Body:
    """An entry in the making: what other things add to it."""

    thing: Thing
    name: str
    section: Section
    wanted: bool
    is_group: bool = False
    environment: str = "production"
    needs: dict[str, str | None] = field(default_factory=dict)  # name -> why it is guessed
    members: dict[str, None] = field(default_factory=dict)
    extra: dict[str, Said] = field(default_factory=dict)
    subcontracts: dict[str, None] = field(default_factory=dict)


def assemble(facts: Facts, surroundings: Surroundings) -> Proposal:
    """Return the entries that the facts make in these surroundings, sorted by section and name."""
    return _Assembly(facts, surroundings).run()


class _Assembly:
    """One assembly; its methods run in the order in which they stand."""

    def __init__(self, facts: Facts, surroundings: Surroundings) -> None:
        self._facts = facts
        self._around = surroundings
        self._ledger = Ledger()
        self._bodies: dict[str, _Body] = {}
        self._flows: dict[str, Entry] = {}
        self._below: dict[str, dict[str, None]] = defaultdict(dict)  # service -> services that it needs
        self._notes: list[str] = []
        self._said: set[tuple[object, ...]] = set()

    def run(self) -> Proposal:
        for left in self._facts.left:
            self._ledger.left(left.origin, left.what, left.reason, left.detail)
        for taken in self._facts.taken:
            self._ledger.took(taken.origin, taken.what)
        names = self._name()
        self._find_groups()
        joins = [link for link in self._facts.links if link.meaning in _JOINS]
        for link in joins:
            self._follow(link)
        self._settle_groups()
        for link in self._facts.links:
            if link.meaning not in _JOINS:
                self._follow(link)
        self._lower_services()
        entries = [*self._flows.values()]
        for body in self._bodies.values():
            if body.wanted:
                entries.append(self._entry(body))
                self._ledger.took(body.thing.origin, _what(body.thing), _guesses(entries[-1].values))
        ordered = sorted(entries, key=lambda entry: (entry.section, entry.name))
        return Proposal(tuple(ordered), names, self._ledger.rows(), tuple(self._notes))

    def _name(self) -> dict[str, str]:
        """Give every thing its name; what is said twice, removed or declared by hand becomes no entry."""
        first: dict[str, Thing] = {}
        for thing in self._facts.things:
            known = first.setdefault(thing.key, thing)
            if known is not thing:
                self._ledger.left(thing.origin, _what(thing), AGAIN, str(known.origin))
        avoid: dict[Sort, set[str]] = {
            "resource": {name for section, name in self._around.declared if section == "segments"},
            "segment": {name for section, name in self._around.declared if section == "resources"},
        }
        names = named(first.values(), self._around.names, avoid)
        renamed = [key for key in first if key not in self._around.names and names[key] != slug(first[key].name)]
        for key in sorted(renamed, key=lambda key: names[key])[:MAX_NOTES]:
            self._notes.append(
                f'"{words_of(first[key].name)}" is also the name of something else: this one is {names[key]}'
            )
        if len(renamed) > MAX_NOTES:
            self._notes.append(f"{len(renamed) - MAX_NOTES:,} more share a name with something else")
        for key, thing in first.items():
            self._bodies[key] = self._body(thing, names[key])
        return names

    def _body(self, thing: Thing, name: str) -> _Body:
        section = SECTION_OF[thing.sort]
        present = self._around.declared.get((section, name))
        environment = self._around.environments.get((section, name)) or thing.value("environment") or "production"
        body = _Body(thing, name, section, wanted=True, environment=str(environment))
        if present is not None:
            body.wanted, body.is_group, body.environment = False, present.is_group, present.environment
            self._ledger.left(thing.origin, _what(thing), DECLARED, f"{name} in {present.place}")
        elif (section, name) in self._around.unwanted:
            body.wanted = False
            self._ledger.left(thing.origin, _what(thing), UNWANTED, name)
        else:
            self._ledger.took(thing.origin, _what(thing), _guesses(thing.values))
            body.is_group = section == "resources" and name in self._around.groups
        return body

    def _find_groups(self) -> None:
        """Find which resources become groups, before any link asks."""
        alive = {body.name for body in self._bodies.values()}
        lingering = (names for name, names in self._around.members.items() if name not in alive)
        single = self._around.single.union(*lingering)
        for link in self._facts.links:
            if link.meaning in _JOINS and link.source != link.target:
                source, target = self._bodies.get(link.source), self._bodies.get(link.target)
                if source and target and source.wanted and self._can_be_member(source, target):
                    source.is_group = source.is_group or source.name not in single

    def _can_be_member(self, source: _Body, target: _Body) -> bool:
        return source.section == "resources" == target.section and self._reachable(target)

    def _settle_groups(self) -> None:
        """See which groups really have members, and which of those may be broken: then so may the group."""
        by_name = {body.name: body for body in self._bodies.values() if body.section == "resources"}
        for body in by_name.values():
            if body.wanted and body.is_group:
                body.is_group = bool(body.members) or body.name in self._around.groups
                exposed = [by_name[name].environment for name in body.members if name in by_name]
                body.environment = next((each for each in sorted(exposed) if each != "production"), body.environment)
                kinds = Counter(str(by_name[name].thing.value("kind")) for name in body.members if name in by_name)
                if kinds:
                    body.extra["kind"] = Said(max(sorted(kinds), key=lambda kind: kinds[kind]))

    def _reachable(self, body: _Body) -> bool:
        """Return whether other entries may name this one."""
        return body.wanted or (body.section, body.name) in self._around.declared

    def _follow(self, link: Link) -> None:
        """Take one link, or say why it is left."""
        reason, detail = self._obstacle(link)
        if not reason:
            source, target = self._bodies[link.source], self._bodies[link.target]
            reason, detail, guesses = self._link(link, source, target)
            if not reason and not source.wanted:
                # A person wrote the source: whether it needs this is for that person to say.
                reason, detail = DECLARED, f"{source.name}: its relations are yours to write"
            if not reason:
                self._ledger.took(link.origin, link.what, [*filter(None, [link.guessed]), *guesses])
                return
        self._ledger.left(link.origin, link.what, reason, detail)

    def _obstacle(self, link: Link) -> tuple[str, str]:
        """Return why a link cannot be followed at all, and the detail; two empty texts if it can."""
        for key in (link.source, link.target):
            if key not in self._bodies:
                known = self._facts.left_keys.get(key)
                return (LEFT_END, f"{key}: {known}") if known else (UNKNOWN_END, key)
            if not self._reachable(self._bodies[key]):
                return UNWANTED_END, self._bodies[key].name
        identity = (link.meaning, link.source, link.target, link.port, link.protocol)
        if identity in self._said:
            return AGAIN, ""
        self._said.add(identity)
        return (SELF, "") if link.source == link.target else ("", "")

    def _link(self, link: Link, source: _Body, target: _Body) -> tuple[str, str, tuple[str, ...]]:
        """Bring a link into its source; return the reason why not, its detail, and what was guessed."""
        match link.meaning:
            case "needs":
                return self._need(source, target, link.guessed)
            case "contains":
                return self._contain(source, target, link.guessed)
            case "cluster" | "collection":
                return self._join(source, target, link)
            case "at":
                return self._place(source, target, "sites", link.guessed)
            case "within":
                return self._place(source, target, "segments", link.guessed)
            case "flow":
                return self._flow(source, target, link)
            case "subcontract" | "substitute":
                return self._supply(source, target, link)

    def _need(self, source: _Body, target: _Body, guessed: str | None) -> tuple[str, str, tuple[str, ...]]:
        if target.section == "sites":
            return self._place(source, target, "sites", guessed)
        if target.section == "segments" or source.section in {"sites", "segments"}:
            return NOT_FITTING, f"{source.section} and {target.section}", ()
        if target.section == "services":
            self._below[source.thing.key][target.thing.key] = None
            return "", "", (BELOW_SERVICE,)
        if source.section == "resources" and source.environment == "production" != target.environment:
            return ENVIRONMENT, f"{target.name} is in {target.environment}", ()
        # What one row says plainly is no guess, whatever others suggest.
        source.needs[target.name] = source.needs.get(target.name, guessed) and guessed
        return "", "", ()

    def _contain(self, source: _Body, target: _Body, guessed: str | None) -> tuple[str, str, tuple[str, ...]]:
        carries = source.section == "resources" and source.thing.value("kind") in {"facility", "host", "network"}
        if source.section == "sites" or carries:
            if not target.wanted:
                return DECLARED, f"{target.name}: its relations are yours to write", ()
            return self._need(target, source, guessed)
        return self._need(source, target, guessed)

    def _join(self, source: _Body, target: _Body, link: Link) -> tuple[str, str, tuple[str, ...]]:
        if source.section == "services":
            return self._need(source, target, link.guessed)
        if not self._can_be_member(source, target):
            return NOT_FITTING, f"{source.section} and {target.section}", ()
        if link.meaning == "collection" and (target.is_group or not source.is_group):
            return self._need(source, target, link.guessed)
        if not source.is_group:
            return NOT_FITTING, f"{source.name} is a member or the end of a flow in what you wrote, so no group", ()
        if target.is_group:
            return NOT_FITTING, f"{target.name} is itself a group, and groups do not nest", ()
        source.members[target.name] = None
        guess = QUORUM_CLUSTER if link.meaning == "cluster" else QUORUM_COLLECTION
        # Where both are said of one group, the stricter of the two stands.
        if source.extra.get("quorum", Said("", QUORUM_CLUSTER)).guessed == QUORUM_CLUSTER:
            source.extra["quorum"] = Said("", guess)
        return "", "", ()

    def _place(
        self, source: _Body, target: _Body, section: Section, guessed: str | None
    ) -> tuple[str, str, tuple[str, ...]]:
        key = "site" if section == "sites" else "segment"
        if source.section != "resources" or target.section != section:
            return NOT_FITTING, f"{source.section} and {target.section}", ()
        if source.is_group:
            return NOT_FITTING, f"{source.name} is a group: its members have a {key}, it has none", ()
        if key in source.extra and source.extra[key].value != target.name:
            return NOT_FITTING, f"{source.name} has a {key} already: {source.extra[key].value}", ()
        source.extra[key] = Said(target.name, guessed)
        return "", "", ()

    def _flow(self, source: _Body, target: _Body, link: Link) -> tuple[str, str, tuple[str, ...]]:
        ends = [self._flow_ends(body) for body in (source, target)]
        if not all(ends):
            return NOT_FITTING, f"data between {source.section} and {target.section}", ()
        for start in ends[0]:
            for end in ends[1]:
                if start == end:
                    continue
                values = {"from": Said(start), "to": Said(end, link.guessed)}
                if link.port is not None:
                    values["port"] = Said(link.port)
                if link.protocol == "udp":
                    values["protocol"] = Said("udp")
                name = flow_name({key: said.value for key, said in values.items()})
                self._flows.setdefault(name, Entry("flows", name, values, link.origin))
        return "", "", ()

    def _flow_ends(self, body: _Body) -> list[str]:
        """Return what stands for a body at the end of a flow: the members of a group, nothing for a service."""
        if body.section == "segments":
            return [body.name]
        if body.section != "resources" or (body.is_group and not body.wanted):
            return []
        return sorted(body.members) if body.is_group else [body.name]

    def _supply(self, source: _Body, target: _Body, link: Link) -> tuple[str, str, tuple[str, ...]]:
        if source.thing.value("kind") != "third-party" or target.thing.value("kind") != "third-party":
            return NOT_FITTING, "only third parties subcontract and stand in for each other", ()
        if link.meaning == "subcontract":
            source.subcontracts[target.name] = None
        elif "substitute" in source.extra:
            return NOT_FITTING, f"{source.name} has a substitute already", ()
        else:
            source.extra["substitute"] = Said(target.name)
        return "", "", ()

    def _lower_services(self) -> None:
        """Give everything that needs a service what that service, and those below it, stand on."""
        direct = {key: tuple(body.needs) for key, body in self._bodies.items() if body.section == "services"}
        exposed = {body.name for body in self._bodies.values() if body.environment != "production"}
        for key in list(self._below):
            source, reached, ahead = self._bodies[key], set[str](), list(self._below[key])
            while ahead:
                service = ahead.pop()
                if service not in reached:
                    reached.add(service)
                    ahead += self._below.get(service, ())
            lowered = {name for service in reached for name in direct[service]} - {source.name}
            if source.section == "resources" and source.environment == "production":
                lowered -= exposed
            for name in sorted(lowered):
                source.needs.setdefault(name, BELOW_SERVICE)

    def _entry(self, body: _Body) -> Entry:
        """Return the finished entry of a body."""
        values = {key: _printable(said) for key, said in body.thing.values.items()}
        title = words_of(body.thing.name)
        if "title" not in values and title not in {"", body.name}:
            values["title"] = Said(title)
        if body.section == "services":
            return Entry("services", body.name, _service(values, body.needs), body.thing.origin)
        values |= body.extra
        if not body.members:
            values.pop("quorum", None)
        else:
            values = _group(values, sorted(body.members))
        if body.needs:
            values["needs"] = Said(sorted(body.needs), _guessed_needs(body.needs))
        if body.subcontracts:
            values["subcontracts"] = Said(sorted(body.subcontracts))
        return Entry(body.section, body.name, values, body.thing.origin)


def _group(values: Mapping[str, Said], members: list[str]) -> dict[str, Said]:
    """Return the values of a group: its kind is that of most members, and it has no place of its own."""
    quorum = values.get("quorum", Said("", QUORUM_COLLECTION))
    needed = len(members) // 2 + 1 if quorum.guessed == QUORUM_CLUSTER else len(members)
    kept = {key: said for key, said in values.items() if key in {"kind", "title", "owner"}}
    return {**kept, "members": Said(members), "quorum": Said(str(needed), quorum.guessed)}


def flow_name(values: Mapping[str, Plain]) -> str:
    """Return what identifies a flow among flows: everything about it but the states in which it is open."""
    port = values.get("port", "any")
    return f"{values.get('from', '')} -> {values.get('to', '')} {port}/{values.get('protocol', 'tcp')}"


def _guessed_needs(needs: Mapping[str, str | None]) -> str | None:
    """Return which needs are guessed and why, for the comment beside them."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, guessed in sorted(needs.items()):
        if guessed:
            by_reason[guessed].append(name)
    return "; ".join(f"{', '.join(names)} ({reason})" for reason, names in by_reason.items()) or None


def _service(values: Mapping[str, Said], needs: Mapping[str, str | None]) -> dict[str, Said]:
    """Return the values of a service: limits that were given, limits that were guessed, and one mode."""
    given = {key: said for key, said in values.items() if key in {"tolerance", "rto", "rpo", "mtpd"}}
    criticality = values.get("criticality")
    kept = {key: said for key, said in values.items() if key in {"title", "owner", "why_important"}}
    mode: dict[str, Plain] = {"capacity": "100%", "meets_minimum": "true", "needs": sorted(needs)}
    told = _guessed_needs(needs)
    unknown = (f"; {told}" if told else "") if needs else ", and nothing says what it stands on"
    return {
        **kept,
        **limits_said(given, str(criticality.value) if criticality else None),
        "modes": Said({"full": mode}, f"{ONE_MODE}{unknown}"),
    }


def _printable(said: Said) -> Said:
    """Return a value as the model takes it: a text is one printable line."""
    return Said(words_of(said.value), said.guessed) if isinstance(said.value, str) else said


def _guesses(values: Mapping[str, Said]) -> Iterable[str]:
    # What is guessed of these is told of the relation that says it.
    related = {"needs", "site", "segment"}
    return [f"{key}: {said.guessed}" for key, said in values.items() if said.guessed and key not in related]


def _what(thing: Thing) -> str:
    return f"{thing.value('kind') or thing.sort} {thing.name}"
