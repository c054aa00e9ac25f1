"""The keeper's harms on files: what was there comes back unless somebody replaced it, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from meridian.errors import MeridianError
from meridian.keeper.harm import Harm
from meridian.keeper.range import Range
from meridian.keeper.request import Operation

WAS = bytes(range(100))


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    place = tmp_path / "disk" / "db-a"
    place.mkdir(parents=True)
    (place / "file").write_bytes(WAS)
    (tmp_path / "secret").write_bytes(WAS)
    return place


@pytest.fixture
def operations(tmp_path: Path, disk: Path) -> Mapping[str, Operation]:
    def admit(request: Mapping[str, Any]) -> None:
        if request.get("exercise") == "revoked":
            raise MeridianError("MR110", "may not inject any more", remedy="start anew")

    held = SimpleNamespace(directory=tmp_path, context=SimpleNamespace(disk={"db-a": disk}), on={})
    return Harm(cast("Range", held), admit).operations()


def at(**changed: object) -> dict[str, object]:
    return {"id": "x-1", "host": "db-a", "file": "file", "offset": 10, "hex": "ffff", "exercise": "x", **changed}


def test_bytes_are_overwritten_and_written_back(operations: Mapping[str, Operation], disk: Path) -> None:
    operations["overwrite"](at())
    assert (disk / "file").read_bytes() == WAS[:10] + b"\xff\xff" + WAS[12:]
    for _ in range(2):
        operations["write_back"]({"id": "x-1"})
        assert (disk / "file").read_bytes() == WAS


def test_a_whole_file_is_replaced_and_comes_back(operations: Mapping[str, Operation], disk: Path) -> None:
    operations["overwrite"](at(whole=True))
    assert (disk / "file").read_bytes() == b"\xff\xff"
    operations["write_back"]({"id": "x-1"})
    assert (disk / "file").read_bytes() == WAS


def test_what_somebody_replaced_meanwhile_is_left_alone(operations: Mapping[str, Operation], disk: Path) -> None:
    operations["overwrite"](at())
    (disk / "file").write_bytes(b"new" * 50)
    operations["write_back"]({"id": "x-1"})
    assert (disk / "file").read_bytes() == b"new" * 50
    (disk / "file").unlink()
    operations["write_back"]({"id": "x-1"})


def test_what_was_never_overwritten_is_written_back_without_a_word(operations: Mapping[str, Operation]) -> None:
    operations["write_back"]({"id": "never"})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"file": "../../secret"}, "MR107"),
        ({"file": "nothing"}, "MR107"),
        ({"host": "db-z"}, "MR107"),
        ({"offset": 99}, "MR108"),
        ({"offset": -1}, "MR108"),
        ({"hex": "zz"}, "MR108"),
        ({"hex": ""}, "MR108"),
        ({"id": "../x"}, "MR108"),
        ({"exercise": "revoked"}, "MR110"),
        ({"file": "link"}, "MR107"),
        ({"file": "link", "whole": True}, "MR107"),
    ],
)
def test_nothing_else_is_overwritten(
    operations: Mapping[str, Operation], disk: Path, changed: dict[str, object], code: str
) -> None:
    (disk / "link").symlink_to(disk.parents[1] / "secret")
    with pytest.raises(MeridianError) as problem:
        operations["overwrite"](at(**changed))
    assert problem.value.code == code
    assert (disk / "file").read_bytes() == WAS
    assert (disk.parents[1] / "secret").read_bytes() == WAS


def test_only_numbers_within_bounds_slow(operations: Mapping[str, Operation]) -> None:
    for share_ppm in (2_000_000, -1, True, "1"):
        with pytest.raises(MeridianError, match="share_ppm") as problem:
            operations["slow"]({"process": "p", "share_ppm": share_ppm, "for_ms": 1})
        assert "from 0 to 1000000" in problem.value.remedy


@pytest.mark.parametrize("changed", [{"count": 257}, {"count": True}, {"for_ms": -1}, {"host": "nowhere"}])
def test_only_so_many_processes_compute_on_a_host_that_there_is(
    operations: Mapping[str, Operation], changed: dict[str, object]
) -> None:
    with pytest.raises(MeridianError) as problem:
        operations["burn"]({"host": "db-a", "count": 1, "for_ms": 1, **changed})
    assert problem.value.code == ("MR107" if "host" in changed else "MR108")


def test_a_host_without_power_has_nothing_to_cool(operations: Mapping[str, Operation]) -> None:
    assert operations["cool"]({"host": "db-a"}) == {}


def test_a_revoked_exercise_burns_nothing(operations: Mapping[str, Operation]) -> None:
    with pytest.raises(MeridianError) as problem:
        operations["burn"]({"host": "db-a", "count": 1, "for_ms": 1, "exercise": "revoked"})
    assert problem.value.code == "MR110"
