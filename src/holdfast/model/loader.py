"""From the texts of a declaration to the model: everything that is wrong is told at once, nothing is raised.

One of the files, the root, names the institution; it may carry every section, and the other files carry sites,
services, resources and scenarios, which are merged by name. A model is handed out only when no finding is an error.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, cast

from holdfast.errors import Place
from holdfast.model import consistency, keys
from holdfast.model.documents import Items, Node, Scalar, Table, compose
from holdfast.model.fields import Fields, Reading, kind_of
from holdfast.model.findings import Finding, Findings, shown
from holdfast.model.reading.institution import read_calendar, read_range
from holdfast.model.reading.network import read_edge, read_flow, read_segment
from holdfast.model.reading.people import read_person, read_role
from holdfast.model.reading.plans import read_planned_test, read_risk_acceptance
from holdfast.model.reading.resources import is_group, read_common_cause, read_group, read_resource, read_site
from holdfast.model.reading.scenarios import read_scenario
from holdfast.model.reading.services import read_candidate, read_service
from holdfast.model.types import Group, Model, Path, Regime, Resource
from holdfast.model.vocabulary import Vocabulary

MAX_FILES = 1_000
ATTACHMENT = "model.json"
_FIRST_OF_SENSE = "HF120"
"""From this code on a finding is about what is declared; before it, about what cannot be read."""

_MERGED = tuple(key for key in keys.MODEL if key not in keys.ROOT_ONLY)
_NAMES_INSTITUTION = re.compile(rb"^(?:\xef\xbb\xbf)?['\"]?institution['\"]?[ \t]*:", re.MULTILINE)

Contents = bytes | str
_T = TypeVar("_T")


def root_of(files: Mapping[str, Contents]) -> str:
    """Return the name of the file that names the institution; the first in order if several or none do."""
    ordered = sorted(files)
    naming = [name for name in ordered if _NAMES_INSTITUTION.search(_as_bytes(files[name]))]
    return (naming or ordered or ["institution.yaml"])[0]


def load(files: Mapping[str, Contents], root: str, vocabulary: Vocabulary) -> tuple[Model | None, tuple[Finding, ...]]:
    """Return the model, or ``None`` when something is an error, and every finding by file and line.

    ``files`` maps the name of each file, as places shall name it, to its bytes (or text, taken as UTF-8); ``root`` is
    the one that names the institution.
    """
    model, findings = _load(files, root, vocabulary)
    return (None if any(each.severity == "error" for each in findings) else model), findings


def _load(files: Mapping[str, Contents], root: str, vocabulary: Vocabulary) -> tuple[Model | None, tuple[Finding, ...]]:
    """Return the model as far as it can be read, ``None`` of too many files, and every finding."""
    reading = Reading(Findings(), vocabulary)
    contents = {name: _as_bytes(files[name]) for name in sorted(files) if name.isprintable()}
    for name in sorted(files.keys() - contents.keys()):
        place = Place(name.encode("unicode_escape").decode("ascii"), 1)
        reading.findings.error("HF101", place, "expected a file name that can be printed", "Rename the file.")
    if len(contents) > MAX_FILES:
        message = f"expected at most {MAX_FILES:,} files, got {len(contents):,}"
        reading.findings.error("HF101", Place(root, 1), message, "Merge small files.")
        return None, reading.findings.by_place()
    documents = {name: compose(name, data, reading.findings) for name, data in contents.items()}
    # What a file that cannot be read declares is unknown: names that might stand there are not held against others.
    complete = not reading.findings.has_errors
    whole = _merged(documents, root, reading)
    model = _read(whole, contents, root, reading, complete=complete)
    return model, reading.findings.by_place()


def load_attachment(text: str | bytes, vocabulary: Vocabulary) -> tuple[Model | None, tuple[Finding, ...]]:
    """Return the model of an exercise's ``model.json`` attachment: ``{"files": {name: text}, "root": name}``.

    It made sense by the rules of the version that recorded it, and a rule that came later takes no verdict back: only
    what cannot be read refuses it, not what this version would not declare so.
    """
    try:
        whole = json.loads(text)
        files, root = whole["files"], whole["root"]
        sound = all(isinstance(part, str) for part in (root, *files, *files.values()))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        files, root, sound = {}, "", False
    if not sound:
        damaged = Findings()
        message = 'expected {"files": {name: text}, "root": name}'
        damaged.error("HF113", Place(ATTACHMENT, 1), message, "Take the attachment from an intact log.")
        return None, damaged.by_place()
    model, findings = _load(files, root, vocabulary)
    unread = any(each.severity == "error" and each.code < _FIRST_OF_SENSE for each in findings)
    return (None if unread else model), findings


def attachment(model: Model) -> bytes:
    """Return the bytes of the ``model.json`` attachment from which this model can be loaded again."""
    whole = {"files": dict(model.files), "root": model.root}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(files: Mapping[str, Contents]) -> str:
    """Return the digest of a declaration in hex, as ``sha256sum *.yaml | sha256sum`` prints it in the C locale.

    The canonical listing has one line for each file, in the byte order of the names: SHA-256 of the contents in hex,
    two spaces, the name, a line feed.
    """
    lines = (
        f"{hashlib.sha256(_as_bytes(files[name])).hexdigest()}  {name}\n"
        for name in sorted(files, key=lambda name: name.encode("utf-8", "surrogatepass"))
    )
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _as_bytes(contents: Contents) -> bytes:
    """Return the bytes of a file; a lone surrogate stays what it is, which is then found not to be UTF-8."""
    return contents.encode("utf-8", "surrogatepass") if isinstance(contents, str) else contents


def _merged(documents: Mapping[str, Node | None], root: str, reading: Reading) -> Table:
    """Return the whole declaration as one mapping: the root's, with the sections of the other files merged in."""
    whole: dict[str, Node] = {}
    for name in sorted(documents, key=lambda name: (name != root, name)):
        document = documents[name]
        if document is None:
            continue
        if not isinstance(document, Table):
            message = f"expected a mapping of sections, got {kind_of(document)}"
            reading.findings.error("HF107", document.place, message, f"Begin with one of {', '.join(keys.MODEL)}.")
            continue
        for key, node in document.entries.items():
            _merge(whole, key, node, reading, root=None if name == root else root)
    return Table(whole, Place(root, 1))


def _merge(whole: dict[str, Node], key: str, node: Node, reading: Reading, *, root: str | None) -> None:
    """Put one top-level key of one file into the whole: mappings by name, lists one after the other.

    ``root`` is the name of the root file, if this is another one.
    """
    there = whole.get(key)
    rule = keys.MODEL.get(key)
    if root is not None and key in keys.ROOT_ONLY:
        message = f"expected {shown(key)} in the root file only"
        reading.findings.error("HF112", node.place, message, f"The root file is {root}: move it there.")
    elif key in _MERGED and rule is not None and not isinstance(node, Items if rule.form == "list" else Table):
        expected = "a list" if rule.form == "list" else "a mapping"
        message = f"expected {expected} for {key}, got {kind_of(node)}"
        reading.findings.error("HF107", node.place, message, "Write the entries below it.")
    elif isinstance(node, Items) and isinstance(there, Items):
        whole[key] = Items((*there.items, *node.items), there.place)
    elif isinstance(node, Table) and isinstance(there, Table):
        for name in node.entries.keys() & there.entries.keys():
            message = f"expected each name once, got {shown(name)} again after {there.entries[name].place}"
            reading.findings.error("HF104", node.entries[name].place, message, "Remove one of the two.")
        whole[key] = Table({**there.entries, **node.entries, **there.entries}, there.place)
    else:
        whole[key] = node


def _read(whole: Table, contents: Mapping[str, bytes], root: str, reading: Reading, *, complete: bool) -> Model:
    """Return what the whole declares. Names are looked up only when every file was read."""
    section = keys.MODEL if complete else {**keys.MODEL, "institution": keys.Key("text")}
    fields = Fields(reading, whole, section, "the model")
    given = whole.entries
    calendar = read_calendar(reading, given["calendar"]) if "calendar" in given else None
    declared_range = read_range(reading, given["range"]) if "range" in given else None
    resources: dict[str, Resource] = {}
    groups: dict[str, Group] = {}
    for name, node in fields.named("resources"):
        if is_group(node):
            groups[name] = read_group(reading, name, node)
        else:
            resources[name] = read_resource(reading, name, node)

    def entries(key: str, read: Callable[[Reading, str, Node], _T]) -> dict[str, _T]:
        return {name: read(reading, name, node) for name, node in fields.named(key)}

    def lines(key: str, read: Callable[[Reading, Node], _T]) -> tuple[_T, ...]:
        return tuple(read(reading, node) for node in fields.items(key))

    places: dict[Path, Place] = {(): whole.place}
    _note_places(whole, (), places)
    model = Model(
        institution=fields.text("institution"),
        regimes=cast("tuple[Regime, ...]", fields.words("regimes")),
        calendar=calendar,
        range=declared_range,
        sites=entries("sites", read_site),
        services=entries("services", read_service),
        resources=resources,
        groups=groups,
        scenarios={
            name: read_scenario(reading, name, node, calendar, declared_range)
            for name, node in fields.named("scenarios")
        },
        files={name: data.decode("utf-8", "replace") for name, data in contents.items()},
        root=root,
        digest=digest_of(contents),
        places=places,
        candidates=entries("candidates", read_candidate),
        common_causes=entries("common_causes", read_common_cause),
        people=entries("people", read_person),
        roles=entries("roles", read_role),
        segments=entries("segments", read_segment),
        flows=lines("flows", read_flow),
        edges=lines("edges", read_edge),
        test_plan=lines("test_plan", read_planned_test),
        risk_acceptances=entries("risk_acceptances", read_risk_acceptance),
    )
    if complete:
        consistency.check(model, reading)
    return model


def _note_places(node: Node, path: Path, places: dict[Path, Place]) -> None:
    """Note where each value inside a node was written; nesting is bounded by the reader of the documents."""
    if isinstance(node, Table):
        children: Iterable[tuple[str, Node]] = node.entries.items()
    else:
        children = ((str(i), item) for i, item in enumerate(node.items)) if isinstance(node, Items) else ()
    for key, child in children:
        inner = (*path, key)
        places[inner] = child.place
        if not isinstance(child, Scalar):
            _note_places(child, inner, places)
