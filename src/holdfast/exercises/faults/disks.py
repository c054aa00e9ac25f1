"""Faults of disks: one that is full, and a page that silently became another."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from holdfast.connectors import pages, processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.pages import Place
from holdfast.connectors.postgres import Server
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, range_of, request
from holdfast.model.vocabulary import Parameter, ParameterSchema

_OF, _DATABASE, _TABLE, _BLOCK = "of", "database", "table", "block"
_HOST, _DISK = "host", "disk"
_TRIED_BYTES = 65_536
_PROBE = ".holdfast-probe"
DAMAGED_BYTES = 512
DAMAGED_AT = 1024
"""Behind the page's header and its line pointers, where the rows are."""


def _prepare_full(aim: Aim, inventory: Inventory) -> Prepared:
    host, volume = inventory.hosts.get(aim.target), str(aim.parameters[_OF])
    if host is None or host.process is None:
        raise absent(aim, "it has no power")
    if volume not in host.disks:
        raise absent(aim, f"it has no disk for {volume}")
    identity = {_HOST: str(host.process), _DISK: str(host.disks[volume])}
    if _refused(identity):
        raise absent(aim, "that disk is full already")
    return Prepared(request(inventory, "drain", host=aim.target, volume=volume), identity)


def _fill(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    asked = {"op": "fill", "host": intended.target, "volume": intended.parameters[_OF]}
    keeper.call({**asked, "exercise": intended.exercise})


def _probe_full(intended: FaultIntended) -> Seen:
    where = f"{intended.target}'s disk for {intended.parameters[_OF]}"
    if processes.condition(Process.parse(intended.identity[_HOST])) == "gone":
        return Seen(so=False, observed=f"{intended.target} has no power")
    so = _refused(intended.identity)
    said = "is refused: no space left" if so else "succeeds"
    return Seen(so, f"writing {_TRIED_BYTES:,} bytes to {where} {said}")


def _verify_drained(intended: FaultIntended, inventory: Inventory) -> Seen:
    host = inventory.hosts[intended.target]
    if host.process is None:
        # Another fault's undoing brings its power back; the ballast is gone from a disk that is off, too.
        return Seen(so=True, observed=f"{intended.target} has no power; the ballast is removed")
    identity = {_HOST: str(host.process), _DISK: intended.identity[_DISK]}
    so = not _refused(identity)
    return Seen(so, f"writing to {intended.target}'s disk {'succeeds again' if so else 'is still refused'}")


def _refused(identity: Mapping[str, str]) -> bool:
    """Try to write to a host's disk, as the host sees it, and leave nothing; return whether it was full."""
    path = Path(f"/proc/{Process.parse(identity[_HOST]).pid}/root{identity[_DISK]}/{_PROBE}")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(descriptor, bytes(_TRIED_BYTES))
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)
    except OSError as error:
        return error.errno == errno.ENOSPC
    return written < _TRIED_BYTES


def _prepare_corruption(aim: Aim, inventory: Inventory) -> Prepared:
    server, host = _copy(inventory, aim.target)
    if server is None or host is None:
        raise absent(aim, "it is no copy of a database that runs here")
    database, table, block = (str(aim.parameters[name]) for name in (_DATABASE, _TABLE, _BLOCK))
    try:
        place = pages.locate(server, database, table, int(block))
        page = pages.read(_root(host), place) if place else b""
    except EnvironmentProblem as problem:
        raise absent(aim, problem.message) from problem
    if place is None:
        raise absent(aim, f"{table} in {database} has no block {block}")
    if len(page) < pages.PAGE_BYTES or not any(page) or not pages.sound(page, place.block):
        raise absent(aim, "that page was never written, or is broken already")
    on = inventory.processes[aim.target].host
    identity = {
        _HOST: str(host),
        "file": str(place.file),
        "offset": str(place.offset),
        "page": hashlib.sha256(page).hexdigest(),
        "below": str(_below(place.file, on, inventory)),
    }
    return Prepared(request(inventory, "write_back", id=aim.id), identity)


def _corrupt(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    found = intended.identity
    asked = {"op": "overwrite", "id": intended.undo["id"], "host": inventory.processes[intended.target].host}
    damage = hashlib.shake_256(intended.undo["id"].encode()).hexdigest(DAMAGED_BYTES)
    where = {"file": found["below"], "offset": int(found["offset"]) + DAMAGED_AT, "hex": damage}
    keeper.call({**asked, **where, "exercise": intended.exercise})


def _probe_corruption(intended: FaultIntended) -> Seen:
    """Read the page again, reckon its checksum ourselves, and have the server read the table in a fresh session."""
    try:
        # A sound page that the server is made to read stays in its memory, and damage on disk would not be seen there.
        if not _broken(intended, Process.parse(intended.identity[_HOST])):
            return Seen(so=False, observed="the page on disk is what it was, or its checksum is right")
        server, _ = _copy(range_of(intended), intended.target)
        complaint = pages.scan_fails(server, *_relation(intended)) if server else None
    except EnvironmentProblem as problem:
        return Seen(so=False, observed=problem.message)
    if complaint is None:
        return Seen(so=False, observed="the page on disk is broken, but the server reads it from its own memory")
    return Seen(so=True, observed=f"the page on disk has a wrong checksum, and a fresh session is told: {complaint}")


def _verify_written_back(intended: FaultIntended, inventory: Inventory) -> Seen:
    server, host = _copy(inventory, intended.target)
    if server is None or host is None:
        return Seen(so=False, observed=f"{intended.target} does not run")
    try:
        # Located anew: a copy that was built again has its tables in other files.
        place = pages.locate(server, *_relation(intended), int(intended.parameters[_BLOCK]))
        so = place is not None and pages.sound(pages.read(_root(host), place), place.block)
    except EnvironmentProblem as problem:
        return Seen(so=False, observed=problem.message)
    return Seen(so, f"the page on disk has {'the checksum that it should have' if so else 'a wrong checksum'}")


def _broken(intended: FaultIntended, host: Process) -> bool:
    found = intended.identity
    place = Place(Path(found["file"]), int(found["offset"]), int(intended.parameters[_BLOCK]))
    page = pages.read(_root(host), place)
    return hashlib.sha256(page).hexdigest() != found["page"] and not pages.sound(page, place.block)


def _relation(intended: FaultIntended) -> tuple[str, str]:
    return intended.parameters[_DATABASE], intended.parameters[_TABLE]


def _copy(inventory: Inventory, name: str) -> tuple[Server | None, Process | None]:
    """Return how a copy is reached, and its host."""
    server = next((server for server in inventory.servers() if server.name == name), None)
    state = inventory.processes.get(name)
    return server, (inventory.hosts[state.host].process if state else None)


def _root(host: Process) -> Path:
    return Path(f"/proc/{host.pid}/root")


def _below(file: Path, host: str, inventory: Inventory) -> Path:
    """Return a file's path below its host's own disk, by which the keeper knows it."""
    return file.relative_to(inventory.dir / "disk" / host)


FAULTS: Mapping[str, FaultKind] = {
    "disk.full": FaultKind(
        schema=ParameterSchema(
            frozenset({"host"}),
            {
                _OF: Parameter(
                    "text",
                    default="data",
                    choices=("data", "wal"),
                    meaning="Which of its disks: that of the data, or that of the write-ahead log.",
                )
            },
        ),
        does="a file of ballast takes all that is left of a disk of {target}; what was written stays",
        shown_by="a write to that disk, tried through the host's own mounts, is refused with ENOSPC",
        undone_by="the keeper removes the ballast from {target}'s disk",
        prepare=_prepare_full,
        inject=_fill,
        probe=_probe_full,
        verify=_verify_drained,
        needs="disks",
    ),
    "data.corrupt-page": FaultKind(
        schema=ParameterSchema(
            frozenset({"database"}),
            {
                _DATABASE: Parameter("text", default="postgres", meaning="In which database the table is."),
                _TABLE: Parameter("text", default="pg_catalog.pg_description", meaning="Which table, with its schema."),
                _BLOCK: Parameter("count", default=3, meaning="Which of its blocks, from 0."),
            },
        ),
        does="512 bytes of one page of a table of {target} become others, on its disk alone",
        shown_by="the page read again has a wrong checksum, and a fresh session that reads the table is told so",
        undone_by="the keeper puts back what was there, if the page is still the broken one",
        prepare=_prepare_corruption,
        inject=_corrupt,
        probe=_probe_corruption,
        verify=_verify_written_back,
        goes_on=True,
    ),
}
"""Faults of what is stored, and of where."""
