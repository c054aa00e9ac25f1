"""What the last import wrote, kept beside the declaration: the third side of every merge.

It holds the name that each thing of the source was given, and of every entry the values that the source gave and a
digest of the text that was written. A person need not read it and should not edit it; it belongs into version control
with the declaration, so that a colleague's import merges as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.errors import Place
from holdfast.model.findings import Findings
from holdfast.model.importing.account import SECTIONS, Section
from holdfast.model.importing.facts import Plain

_FORM = 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry as the last import wrote it."""

    digest: str
    values: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that one import remembers of the one before; empty before the first.

    ``source`` and ``files`` are what it read: another source under the same name would take everything away.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[tuple[Section, str], Recorded] = field(default_factory=dict)
    source: str = ""
    files: tuple[str, ...] = ()


def written_record(record: Record) -> str:
    """Return the text of a record, the same for the same record."""
    entries = [
        {"section": section, "name": name, "digest": recorded.digest, "values": recorded.values}
        for (section, name), recorded in sorted(record.entries.items())
    ]
    read = {"source": record.source, "files": sorted(record.files)}
    whole = {"form": _FORM, **read, "names": dict(sorted(record.names.items())), "entries": entries}
    return f"{json.dumps(whole, ensure_ascii=False, indent=1)}\n"


def read_record(file: str, data: bytes, findings: Findings) -> Record | None:
    """Return a record from its text; ``None`` and finding HF156 when it is none."""
    try:
        whole = json.loads(data)
        names = {str(key): str(name) for key, name in whole["names"].items()}
        entries = dict(_entry(each) for each in whole["entries"])
        source, files = str(whole["source"]), tuple(str(name) for name in whole["files"])
        record = Record(names, entries, source, files) if whole["form"] == _FORM else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        record = None
    if record is None:
        message = "expected the record of the last import, got something else"
        remedy = (
            "Take the file from version control. Without it all that stands in the imported file counts as written by "
            "hand: delete this one to go on so."
        )
        findings.error("HF156", Place(file, 1), message, remedy)
    return record


def _entry(each: Mapping[str, object]) -> tuple[tuple[Section, str], Recorded]:
    """Return one entry of the text; raises ``TypeError`` or ``LookupError`` for anything else."""
    section = next((section for section in SECTIONS if section == each["section"]), None)
    values, name, digest = each["values"], each["name"], each["digest"]
    if section is None or not isinstance(values, dict) or not isinstance(name, str) or not isinstance(digest, str):
        raise TypeError(section)
    return (section, name), Recorded(digest, {str(key): _plain(value) for key, value in values.items()})


def _plain(value: object) -> Plain:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    raise TypeError(value)
