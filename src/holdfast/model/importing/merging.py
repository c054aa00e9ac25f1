"""Bringing what a source says now into a file that persons have edited since: three sides, key by key.

The three sides are what the last import wrote (the record), what stands in the file now, and what the source says now.
Where only the source changed, the file follows. Where a person changed something, it stays, and if the source changed
the same thing the account says so. What the source no longer has is removed unless a person touched it or something
that a person wrote refers to it. An entry that nobody touched is written anew; a touched one is edited in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from holdfast.errors import Place
from holdfast.model.documents import MAX_FILE_BYTES, Items, Node, Table, compose
from holdfast.model.findings import Findings
from holdfast.model.importing.account import SECTIONS, Change, Entry, Fate, Section
from holdfast.model.importing.assembly import Present, Proposal, Surroundings
from holdfast.model.importing.blocks import Block, Parts, plain_of, put_together, taken_apart, texts_of
from holdfast.model.importing.editing import Edit, edited
from holdfast.model.importing.facts import Plain
from holdfast.model.importing.record import Record, Recorded
from holdfast.model.importing.rendering import GUESSED, digest, flow, plain, rendered

Key = tuple[Section, str]

ELSEWHERE = "you declare it in another file"
_NOT_THERE = "nothing"
# Guesses that a person confirms by taking the comment away; the others change with what the source says of more.
_CONFIRMED = frozenset({"kind", "environment", "headcount", "impact_tolerance", "rto", "rpo"})


@dataclass(frozen=True, slots=True)
class Merged:
    """The text of the file, what to remember of it, and what became of each entry."""

    text: str
    record: Record
    changes: tuple[Change, ...]


@dataclass(slots=True)
class _Merge:
    """One merge as it goes."""

    record: Record
    blocks: dict[Key, Block]
    kept: dict[Key, Block] = field(default_factory=dict)
    remembered: dict[Key, Recorded] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    gone: dict[Key, Block] = field(default_factory=dict)

    def settle(self, key: Key, fate: Fate, block: Block | None, details: Sequence[str] = ()) -> None:
        """Decide on one entry."""
        if block is not None:
            self.kept[key] = block
        self.changes.append(Change(*key, fate, tuple(details)))


def followed(parts: Parts, record: Record) -> tuple[Record, tuple[str, ...]]:
    """Return the record with the names that a person gave to entries since, and a sentence for each.

    What links refer to is the new name. Anything less certain is one entry removed and another written.
    """
    pairs: list[tuple[Key, str]] = [
        ((section, old), new)
        for section, blocks in parts.sections.items()
        if section != "flows"
        for old, new in _renamed(section, blocks, record)
    ]
    renamed: dict[Key, str] = {key: new for key, new in pairs if [old for old, _ in pairs].count(key) == 1}
    if not renamed:
        return record, ()
    new_names = {old: new for (_, old), new in renamed.items()}
    names = {key: new_names.get(name, name) for key, name in record.names.items()}
    entries = {(key[0], renamed.get(key, key[1])): recorded for key, recorded in record.entries.items()}
    told = tuple(f"{old} is now {new}, as you renamed it" for (_, old), new in sorted(renamed.items()))
    return replace(record, names=names, entries=entries), told


def _renamed(section: Section, blocks: Sequence[Block], record: Record) -> Iterator[tuple[str, str]]:
    """Yield old and new names: an entry of the record is gone, and at its place stands one that says the same."""
    present = {block.name for block in blocks}
    gone = {key[1]: each.values for key, each in record.entries.items() if key[0] == section and key[1] not in present}
    known = [block.name for block in blocks if (section, block.name) in record.entries]
    above, ahead = "", iter([*known, None])
    below = next(ahead)
    for block in blocks if gone else ():
        if block.name == below:
            above, below = below, next(ahead)
            continue
        fits = [name for name in gone if above < name and (below is None or name < below)]
        same = [name for name in fits if gone[name] == plain_of(block.node)]
        if len(same) == 1:
            yield same[0], block.name


def surroundings(parts: Parts, record: Record, file: str, others: Mapping[str, Node]) -> Surroundings:
    """Return what an import finds in place: in its own file, taken apart, and in the others of the declaration."""
    declared = dict(_declared(others))
    present = _by_key(parts)
    by_hand = {key: block for key, block in present.items() if _is_by_hand(block, record.entries.get(key))}
    environments, groups = {}, set()
    for key, block in by_hand.items():
        base, here = record.entries.get(key), _present(key[0], f"{file}:{block.place.line}", block.node)
        if key[0] == "flows":
            continue
        if base is None or here.is_group != ("members" in base.values):
            declared.setdefault(key, here)
        else:
            environments[key] = here.environment
            values = plain_of(block.node)
            if isinstance(values, Mapping) and values.get("members") != base.values.get("members"):
                groups.add(key[1])
    written = [block.node for block in by_hand.values()]
    written += [node for root in others.values() if isinstance(root, Table) for node in _resources_and_flows(root)]
    single = frozenset[str]().union(*(_singles(node) for node in written))
    unwanted = frozenset(key for key in record.entries if key not in present and key not in declared)
    members = {key[1]: _singles(block.node) for key, block in present.items() if key[0] == "resources"}
    return Surroundings(record.names, declared, unwanted, environments, frozenset(groups), single, members)


def _resources_and_flows(root: Table) -> Iterator[Node]:
    """Yield the resources, groups and flows of a file."""
    for section in ("resources", "flows"):
        inside = root.entries.get(section)
        if isinstance(inside, Table):
            yield from inside.entries.values()
        elif isinstance(inside, Items):
            yield from inside.items


def _singles(node: Node) -> frozenset[str]:
    """Return the names that an entry uses where only a resource, and no group, may stand."""
    keys = ("members", "subcontracts", "substitute", "replica_of", "from", "to")
    entries = node.entries if isinstance(node, Table) else {}
    return frozenset[str]().union(*(texts_of(entries[key]) for key in keys if key in entries))


def merged(
    file: str, parts: Parts, header: str, record: Record, proposal: Proposal, others: Mapping[str, Node]
) -> tuple[Merged | None, Findings]:
    """Return the file with the proposal brought in, and findings (HF155, HF157) if it could not be.

    ``others`` are the other files of the declaration: what they name is not taken away, what they declare is theirs.
    """
    merge = _Merge(record, _by_key(parts))
    referred = frozenset[str]().union(*(texts_of(node) for node in others.values()))
    proposed = {(entry.section, entry.name): entry for entry in proposal.entries}
    alive, elsewhere = frozenset(proposal.names.values()), frozenset(key for key, _ in _declared(others))
    for key in sorted({*merge.blocks, *record.entries, *proposed}):
        _decide(merge, key, proposed.get(key), alive, elsewhere)
    _let_go(merge, referred, elsewhere)
    sections: dict[Section, tuple[Block, ...]] = {
        section: tuple(block for key, block in merge.kept.items() if key[0] == section) for section in SECTIONS
    }
    text = put_together(Parts(parts.header or header, sections, parts.others))
    findings = _doubts(file, text, merge.kept)
    ordered = sorted(merge.changes, key=lambda change: (SECTIONS.index(change.section), change.name))
    result = Merged(text, replace(record, names=proposal.names, entries=merge.remembered), tuple(ordered))
    return (None if findings.has_errors else result), findings


def _decide(merge: _Merge, key: Key, new: Entry | None, alive: frozenset[str], elsewhere: frozenset[Key]) -> None:
    """Decide on one entry by its three sides."""
    block, base = merge.blocks.get(key), merge.record.entries.get(key)
    if new is not None:
        written = rendered(new)
        now = Recorded(digest(written), plain(new))
        fresh = Block(key[1], written, Place("", 1), Table({}, Place("", 1)))
        if base is not None or block is None:
            merge.remembered[key] = now
        if block is None:
            merge.settle(key, "new" if base is None else "unwanted", fresh if base is None else None)
        elif base is None:
            merge.settle(key, "yours", block)
        elif not _touched(block, base):
            merge.settle(key, "unchanged" if block.text == written else "updated", replace(fresh, node=block.node))
        else:
            _reconcile(merge, key, block, base, new)
    elif block is None:
        if base is not None and key[1] in alive:
            merge.remembered[key] = base
            moved = key in elsewhere
            merge.settle(key, "yours" if moved else "unwanted", None, [ELSEWHERE] if moved else [])
    elif base is None:
        merge.settle(key, "yours", block)
    elif _touched(block, base):
        merge.remembered[key] = base
        gone = "" if key[1] in alive else "the source no longer has it"
        merge.settle(key, "kept" if gone else "yours", block, [gone] if gone else ["you changed what it is"])
    else:
        merge.gone[key] = block


def _reconcile(merge: _Merge, key: Key, block: Block, base: Recorded, new: Entry) -> None:
    """Bring what the source changed into an entry that a person touched."""
    mine = plain_of(block.node)
    if key[0] == "flows" or not isinstance(mine, Mapping):
        merge.settle(key, "unchanged" if base.values == plain(new) else "kept", block)
        return
    edits: list[Edit] = []
    conflicts: list[str] = []
    for path, value in _differences((), base.values, mine, plain(new), conflicts):
        said = new.values.get(path[0])
        if said is not None and said.guessed and path[0] in _CONFIRMED and not _is_guess(block, path[0]):
            conflicts.append(f"{path[0]}: yours is confirmed, what would be guessed now is {flow(said.value)}")
        else:
            edits.append(Edit(path, value, said.guessed if said else None))
    edits = _sound(edits, mine, conflicts)
    text = edited(block.text, edits) if edits else block.text
    if text is None:
        conflicts += [f"{'.'.join(edit.path)} could not be changed in place" for edit in edits]
        text = block.text
    elif edits:
        conflicts = [f"{'.'.join(edit.path)} follows the source" for edit in edits] + conflicts
    fate: Fate = "updated" if text != block.text else "kept" if conflicts else "unchanged"
    node = _node_of(text, key) or block.node
    merge.settle(key, fate, replace(block, text=text, node=node), conflicts)


def _is_guess(block: Block, key: str) -> bool:
    """Return whether a key of an entry still carries the comment that calls it a guess."""
    return re.search(rf"^ *{key}:.*{GUESSED}", block.text, re.MULTILINE) is not None


def _differences(
    path: tuple[str, ...], base: Plain | None, mine: Plain | None, new: Plain | None, conflicts: list[str]
) -> Iterator[tuple[tuple[str, ...], Plain | None]]:
    """Yield what to change in ``mine`` so that it follows the source from ``base`` to ``new``; the rest conflicts."""
    if new in (base, mine):
        return
    if all(isinstance(each, Mapping) for each in (base, mine, new)) or (not path):
        before, here, after = (each if isinstance(each, Mapping) else {} for each in (base, mine, new))
        for key in sorted({*before, *after}):
            yield from _differences((*path, key), before.get(key), here.get(key), after.get(key), conflicts)
    elif mine == base:
        yield path, new
    elif _is_list(mine) and (_is_list(base) or base is None) and (_is_list(new) or new is None):
        yield from _list_differences(path, _items(base), _items(mine), None if new is None else _items(new), conflicts)
    else:
        yours = _NOT_THERE if mine is None else flow(mine)
        theirs = _NOT_THERE if new is None else flow(new)
        conflicts.append(f"{'.'.join(path)}: yours is {yours}, the source now says {theirs}")


def _list_differences(
    path: tuple[str, ...], base: list[Plain], mine: list[Plain], new: list[Plain] | None, conflicts: list[str]
) -> Iterator[tuple[tuple[str, ...], Plain | None]]:
    """Yield the list of ``mine`` with what the source added, and without what it took away."""
    lost = [each for each in base if each not in (new or [])]
    result = [each for each in mine if each not in lost]
    result += [each for each in new or [] if each not in base and each not in result]
    conflicts += [
        f"{'.'.join(path)}: the source no longer has {each}, your text still does"
        for each in lost
        if isinstance(each, str) and each not in mine and each in _texts(mine)
    ]
    if result != mine:
        yield path, result or (None if new is None else [])


def _is_list(value: Plain | None) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _items(value: Plain | None) -> list[Plain]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def _texts(value: Plain) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value})
    inner = [*value, *value.values()] if isinstance(value, Mapping) else value
    return frozenset[str]().union(*(_texts(each) for each in inner))


def _sound(edits: list[Edit], mine: Mapping[str, Plain], conflicts: list[str]) -> list[Edit]:
    """Return the edits without those that would leave a group without members, its quorum within what is left."""
    members = next((edit.value for edit in edits if edit.path == ("members",)), mine.get("members"))
    if "members" not in mine or not isinstance(members, Sequence):
        return edits
    if not members:
        conflicts.append("members: the source no longer has any of yours")
        return [edit for edit in edits if edit.path != ("members",)]
    quorum = next((edit.value for edit in edits if edit.path == ("quorum",)), mine.get("quorum", "1"))
    if isinstance(quorum, str) and quorum.isdecimal() and int(quorum) > len(members):
        edits = [edit for edit in edits if edit.path != ("quorum",)]
        edits.append(Edit(("quorum",), str(len(members)), "no more members are left"))
    return edits


def _let_go(merge: _Merge, referred: frozenset[str], elsewhere: frozenset[Key]) -> None:
    """Remove what is no longer proposed, unless something that stays by a person's hand refers to it."""
    for key in [key for key in merge.gone if key in elsewhere]:
        del merge.gone[key]
        merge.settle(key, "removed", None, [ELSEWHERE])
    named = set(referred)
    for key, block in merge.kept.items():
        before, base = merge.blocks.get(key), merge.record.entries.get(key)
        if before is not None and _is_by_hand(before, base):
            named |= texts_of(block.node)
    while held := [key for key in merge.gone if key[1] in named]:
        for key in held:
            block = merge.gone.pop(key)
            merge.remembered[key] = merge.record.entries[key]
            merge.settle(key, "kept", block, ["the source no longer has it, but you refer to it"])
            named |= texts_of(block.node)
    for key in merge.gone:
        merge.settle(key, "removed", None)


def _doubts(file: str, text: str, kept: Mapping[Key, Block]) -> Findings:
    """Return findings if the text is not what it must be: too long, or not made of these entries."""
    findings = Findings()
    if (size := len(text.encode())) > MAX_FILE_BYTES:
        message = f"expected at most {MAX_FILE_BYTES:,} bytes of entries, got {size:,}"
        remedy = "Import less at a time: leave classes that no service stands on, or export one service's part."
        findings.error("HF157", Place(file, 1), message, remedy)
        return findings
    parts = taken_apart(file, text.encode(), findings)
    if parts is not None and set(_by_key(parts)) != set(kept):
        lost = sorted(set(kept) ^ set(_by_key(parts)))[:1]
        message = f"expected the entries that were merged, got others: {', '.join(lost[0])}"
        findings.error("HF155", Place(file, 1), message, "Move your own entries of this file to another one.")
    return findings


def _is_by_hand(block: Block, base: Recorded | None) -> bool:
    return base is None or _touched(block, base)


def _touched(block: Block, base: Recorded) -> bool:
    return digest(block.text) != base.digest


def _by_key(parts: Parts) -> dict[Key, Block]:
    return {(section, block.name): block for section, blocks in parts.sections.items() for block in blocks}


def _declared(others: Mapping[str, Node]) -> Iterator[tuple[Key, Present]]:
    """Yield the entries of the other files; a group may be broken if one of its members may."""
    found: dict[Key, Present] = {}
    members: dict[Key, Iterable[str]] = {}
    for file, root in sorted(others.items()):
        for section in SECTIONS:
            table = root.entries.get(section) if isinstance(root, Table) else None
            for name, node in table.entries.items() if isinstance(table, Table) else ():
                found[section, name] = _present(section, f"{file}:{node.place.line}", node)
                inside = node.entries.get("members") if isinstance(node, Table) else None
                if isinstance(inside, Items):
                    members[section, name] = texts_of(inside)
    for key, names in members.items():
        exposed = {found[key[0], name].environment for name in names if (key[0], name) in found} - {"production"}
        found[key] = replace(found[key], environment=min(exposed, default="production"))
    yield from found.items()


def _present(section: Section, place: str, node: Node) -> Present:
    values = plain_of(node)
    if not isinstance(values, Mapping):
        return Present(section, place)
    environment = values.get("environment", "production")
    return Present(section, place, "members" in values, environment if isinstance(environment, str) else "production")


def _node_of(text: str, key: Key) -> Node | None:
    """Return what an edited block says, or ``None`` when it cannot be read by itself."""
    root = compose("", text.encode(), Findings())
    return root.entries.get(key[1]) if isinstance(root, Table) else None
