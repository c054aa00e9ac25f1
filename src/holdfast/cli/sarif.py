"""What ``holdfast check`` found as SARIF 2.1.0 (OASIS), for systems that show findings beside the lines of a change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from holdfast.cli.terminal import write
from holdfast.errors import Place

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.accepted import Acceptance
    from holdfast.analysis.weakness import Weakness
    from holdfast.model.findings import Finding

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "holdfastWeakness/v1"
# SARIF 2.1.0 section 3.27.10 has error, warning and note.
_LEVEL: Final[Mapping[str, str]] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "error": "error",
    "warning": "warning",
    "note": "note",
}


def write_sarif(
    path: Path,
    folder: Path,
    findings: Iterable[Finding],
    weaknesses: Iterable[tuple[Weakness, Acceptance | None]],
) -> None:
    """Write the findings of the reader and the weaknesses, those that are borne as suppressed, to ``path``.

    ``folder`` is where the declaration lies. HF922 when the file cannot be written.
    """
    write(path, json.dumps(sarif(folder, findings, weaknesses), ensure_ascii=False, indent=2) + "\n")


def sarif(
    folder: Path, findings: Iterable[Finding], weaknesses: Iterable[tuple[Weakness, Acceptance | None]]
) -> dict[str, object]:
    """Return the log file as an object."""
    rules: dict[str, dict[str, object]] = {}
    results = [_of_finding(folder, finding, rules) for finding in findings]
    results += [_of_weakness(folder, weakness, by, rules) for weakness, by in weaknesses]
    order = {code: position for position, code in enumerate(rules)}
    for result in results:
        result["ruleIndex"] = order[str(result["ruleId"])]
    driver = {"name": "Holdfast", "semanticVersion": version("holdfast"), "rules": list(rules.values())}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _of_finding(folder: Path, finding: Finding, rules: dict[str, dict[str, object]]) -> dict[str, object]:
    page = "docs/errors.md"
    rules.setdefault(finding.code, _rule(finding.code, None, f"Declaration: {finding.code}", page))
    return {
        "ruleId": finding.code,
        "level": _LEVEL[finding.severity],
        "message": {"text": f"{finding.message}. {finding.remedy}"},
        "locations": [_location(folder, finding.place)],
    }


def _of_weakness(
    folder: Path, weakness: Weakness, by: Acceptance | None, rules: dict[str, dict[str, object]]
) -> dict[str, object]:
    from holdfast.analysis.weakness import KINDS

    title, page = KINDS[weakness.code].title, f"docs/findings/{weakness.name}.md"
    rules.setdefault(weakness.code, _rule(weakness.code, weakness.name, title, page))
    result: dict[str, object] = {
        "ruleId": weakness.code,
        "level": _LEVEL[weakness.weight],
        "message": {"text": f"{weakness.message} {weakness.remedy}"},
        "locations": [_location(folder, weakness.place)],
        "partialFingerprints": {FINGERPRINT: weakness.fingerprint},
        "properties": {
            "weight": weakness.weight,
            "subjects": list(weakness.subjects),
            "services": list(weakness.services),
            "path": list(weakness.path),
        },
    }
    if by is not None:
        why = f"{by.why} (borne by {by.by} until {by.until})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _rule(code: str, name: str | None, title: str, page: str) -> dict[str, object]:
    called = {} if name is None else {"name": "".join(word.capitalize() for word in name.split("-"))}
    return {
        "id": code,
        **called,
        "shortDescription": {"text": title},
        "help": {"text": f"See {page}.", "markdown": f"See [{page}]({page})."},
        "properties": {"page": page},
    }


def _location(folder: Path, place: Place) -> dict[str, object]:
    """Return a place as a location; the file as it is reached from where the command runs."""
    uri = quote((folder / place.file).as_posix())
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": max(place.line, 1)}}}
