"""The baseline file: weaknesses that are known and borne, each with why, until when and by whom; read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from holdfast.cli.terminal import write
from holdfast.errors import UsageError
from holdfast.model.findings import Finding, Findings, listed, shown

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.accepted import Acceptance
    from holdfast.analysis.weakness import Weakness
    from holdfast.model.documents import Node, Table

_KEYS: Final = ("finding", "on", "why", "until", "by")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)


def read_baseline(path: Path) -> tuple[tuple[Acceptance, ...], tuple[Finding, ...]]:
    """Return the lines of a baseline and what is wrong with it, each with its place; lines that are wrong are left out.

    Raises ``UsageError`` HF926 when the file cannot be read.
    """
    from holdfast.analysis.accepted import Acceptance
    from holdfast.model.documents import Items, Table, compose

    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"the baseline {path} cannot be read: {error.strerror or error}"
        raise UsageError(
            "HF926", message, remedy="Name a baseline file, or write one with --write-baseline."
        ) from error
    findings = Findings()
    document = compose(str(path), data, findings)
    if document is not None and not isinstance(document, Items):
        findings.error("HF620", document.place, "expected a list of accepted weaknesses", _FORM)
        return (), findings.by_place()
    lines = []
    for node in document.items if document is not None else ():
        if not isinstance(node, Table):
            findings.error("HF620", node.place, "expected an accepted weakness as a mapping", _FORM)
            continue
        given = {key: found for key in _KEYS if (found := _read(node, key, findings)) is not None}
        for key in sorted(node.entries.keys() - set(_KEYS)):
            findings.error("HF620", node.entries[key].place, f"unknown key {shown(key)} in a baseline", _FORM)
        if {"finding", "why", "until", "by"} <= given.keys():
            on = frozenset(_names(node.entries.get("on"), findings))
            lines.append(Acceptance(given["finding"], on, given["why"], given["by"], given["until"], node.place))
    return tuple(lines), findings.by_place()


_FORM: Final = (
    "Write each as {finding: HF601, on: [db-a], why: …, until: 2027-06-30, by: …}, or with its fingerprint as finding."
)


def _read(line: Table, key: str, findings: Findings) -> str | None:
    """Return the text of a key, ``None`` and a finding if it is missing or not what it has to be."""
    from holdfast.analysis.weakness import KINDS
    from holdfast.model.documents import Scalar

    node = line.entries.get(key)
    if key == "on":
        return ""
    if not isinstance(node, Scalar) or node.empty or not node.text.strip():
        findings.error("HF620", node.place if node else line.place, f"expected {key} in a line of the baseline", _FORM)
        return None
    if key == "until" and not _is_date(node.text):
        findings.error("HF620", node.place, f"expected a date such as 2027-06-30, got {shown(node.text)}", _FORM)
        return None
    if key == "finding" and node.text not in KINDS and not _FINGERPRINT.fullmatch(node.text):
        message = f"expected a code or a fingerprint of 16 digits, got {shown(node.text)}"
        findings.error("HF620", node.place, message, f"Codes are {listed(list(KINDS))}.")
        return None
    if key == "finding" and node.text in KINDS and "on" not in line.entries:
        findings.error("HF620", node.place, f"expected on with the subjects of {node.text}", _FORM)
        return None
    return node.text


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _names(node: Node | None, findings: Findings) -> Iterator[str]:
    """Yield the subjects that a line names."""
    from holdfast.model.documents import Items, Scalar

    if node is None:
        return
    for item in node.items if isinstance(node, Items) else (node,):
        if isinstance(item, Scalar) and not item.empty:
            yield item.text
        else:
            findings.error("HF620", item.place, "expected the names of subjects under on", _FORM)


def write_baseline(path: Path, weaknesses: Iterable[Weakness], until: str) -> None:
    """Write a baseline with a line for each weakness, to be edited: why and by have to be filled in.

    Raises ``UsageError`` HF927 when the file is there already: what somebody wrote is kept.
    """
    lines = [
        "# Weaknesses that are known and borne. Fill in why and by, set until to the day that was agreed, and delete",
        "# what nobody bears. `holdfast check --baseline` says which lines have expired or match nothing.",
    ]
    for weakness in weaknesses:
        lines += [
            f"- finding: {weakness.code}  # {weakness.name}, {weakness.weight}, {weakness.fingerprint}",
            f"  on: [{', '.join(_quoted(subject) for subject in weakness.subjects)}]",
            '  why: ""',
            f"  until: {until}",
            '  by: ""',
        ]
    if path.exists():
        message = f"{path} is there already, and what somebody filled in is not overwritten"
        raise UsageError("HF927", message, remedy="Name a file that is not there yet.")
    write(path, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    """Return a subject as YAML takes it in a list: plain where it is a name, else in quotes."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", text, re.ASCII) and text.lower() != "null"
    return text if plain else "'" + text.replace("'", "''") + "'"
