"""A place for a log in a test: its directory, and keys and anchors outside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.evidence.events import EvidenceAttached, Instant, PhaseEntered
from holdfast.store.audit import Audit, audit_log
from holdfast.store.keys import load_verifier
from holdfast.store.places import DATABASE, Outside
from holdfast.store.sqlite import SqliteLog, open_log, origin_of

OCCURRED = Instant(1, 2, "boot")
FULL = os.environ.get("HOLDFAST_TORTURE") == "full"


def phase(detail: str) -> PhaseEntered:
    """Return an event that carries this detail."""
    return PhaseEntered("exercise-1", "phase", detail, OCCURRED)


@dataclass(frozen=True)
class Home:
    """Where a test's log lives."""

    base: Path

    @property
    def log(self) -> Path:
        """Return the log's directory."""
        return self.base / "log"

    @property
    def database(self) -> Path:
        """Return the log's SQLite file."""
        return self.log / DATABASE

    @property
    def outside(self) -> Outside:
        """Return where keys and anchors are."""
        return Outside(self.base / "keys", self.base / "anchors")

    def open(self, *, create: bool = True, vfs: str | None = None) -> SqliteLog:
        """Open the log, by default beginning it."""
        outside = self.outside
        return open_log(self.log, create=create, keys=outside.keys, anchors=outside.anchors, vfs=vfs)

    def audit(self, against: Path | None = None) -> Audit:
        """Verify the log with the key kept outside it."""
        return audit_log(self.log, None, self.outside, against)

    def key(self) -> str:
        """Return the verifier key as text."""
        return str(load_verifier(self.outside.keys, origin_of(self.log) or ""))

    def fill(self, appends: Sequence[int]) -> None:
        """Append so many events at a time, then one that names an attachment."""
        with self.open() as log:
            for number, count in enumerate(appends):
                log.append([phase(f"{number}.{i}") for i in range(count)], actor="tester", subject="exercise-1")
            attachment = log.attach("records/AURUM.ndjson", b'{"op":"offer"}\n', "application/x-ndjson")
            log.append([EvidenceAttached("exercise-1", attachment, "tester", "here")], actor="tester", subject="s")


def codes(audit: Audit) -> set[str]:
    """Return the codes of the errors that were found."""
    return {finding.code for finding in audit.findings if finding.severity == "error"}
