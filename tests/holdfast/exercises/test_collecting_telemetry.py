"""What the sensor saw is committed whole or up to its share, and what was cut or is not there is said to be missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from holdfast.evidence.events import EvidenceAttached, EvidenceMissing
from holdfast.exercises import collection
from holdfast.exercises.course import Recorder


@dataclass
class Kept:
    """Stands in for a log and its recorder: keeps what is attached and recorded."""

    exercise: str = "x"
    by: str = "runner"
    files: dict[str, bytes] = field(default_factory=dict)
    events: list[object] = field(default_factory=list)

    @property
    def log(self) -> Kept:
        return self

    def attach(self, name: str, data: bytes, media_type: str) -> Any:  # noqa: ANN401
        del media_type
        self.files[name] = data

    def record(self, event: object) -> int:
        self.events.append(event)
        return 0

    def missing(self) -> list[tuple[str, str]]:
        return [(each.name, each.why) for each in self.events if isinstance(each, EvidenceMissing)]


def collected(directory: Path, limit_bytes: int) -> Kept:
    kept = Kept()
    collection._telemetry(cast("Recorder", kept), directory, limit_bytes)  # noqa: SLF001 - a part of collect()
    return kept


def test_every_host_is_attached_without_a_row_that_is_still_being_written(tmp_path: Path) -> None:
    (tmp_path / "db-a.ndjson").write_bytes(b"{}\n{}\n{")
    (tmp_path / "db-b.ndjson").write_bytes(b"{}\n")
    kept = collected(tmp_path, 1000)
    assert kept.files == {"telemetry/db-a.ndjson": b"{}\n{}\n", "telemetry/db-b.ndjson": b"{}\n"}
    assert all(isinstance(each, EvidenceAttached) for each in kept.events)


def test_a_host_that_said_too_much_is_cut_and_its_rows_are_counted(tmp_path: Path) -> None:
    (tmp_path / "db-a.ndjson").write_bytes(b"12345678\n" * 10)
    (tmp_path / "db-b.ndjson").write_bytes(b"1234\n" * 2)
    kept = collected(tmp_path, 50)
    # Of fifty bytes the short one has taken ten, the other gets the rest: four whole rows.
    assert kept.files["telemetry/db-b.ndjson"] == b"1234\n" * 2
    assert kept.files["telemetry/db-a.ndjson"] == b"12345678\n" * 4
    assert kept.missing() == [
        ("telemetry/db-a.ndjson after row 4", "6 more rows were beyond the limit for one exercise")
    ]


def test_a_sensor_that_left_nothing_is_missed(tmp_path: Path) -> None:
    kept = collected(tmp_path / "nowhere", 50)
    assert kept.missing() == [("telemetry/", f"there is no record in {tmp_path / 'nowhere'}")]
