"""``holdfast check`` as a user meets it: exit codes, places, the summary, JSON, a terminal of 100 columns."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.holdfast.commands import Run, holdfast
from tests.repository.tree import ROOT

EXAMPLE = "examples/meridian"
RUN = "import sys; from holdfast.cli import main; sys.argv[0] = 'holdfast'; main()"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", RUN, "check", *arguments]


def check(*arguments: str, cwd: Path = ROOT) -> Run:
    return holdfast("check", *arguments, cwd=cwd)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a copy of the example with mistakes in two files."""
    for path in (ROOT / EXAMPLE).glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("\n    rto: 2h\n", "\n    rto: 2 h\n")
        text = text.replace("target: db-a", "target: db-aa")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_example_can_be_used() -> None:
    done = check(EXAMPLE)
    assert (done.code, done.err) == (0, "")
    assert not any("error" in line or "warning" in line for line in done.out.splitlines() if ": HF1" in line)
    counted = r"(\d+ (sites|services|resources|groups|scenarios|files)(, )?){6}"
    assert re.fullmatch(
        rf"✓ Meridian Clearing Bank N\.V\. · {counted} · \d+ weaknesses \(.*", done.out.splitlines()[-1]
    )


def test_every_mistake_is_shown_with_its_place_and_remedy(broken: Path) -> None:
    done = check(str(broken))
    assert done.code == 1
    lines = done.out.splitlines()
    services = (broken / "services.yaml").read_text(encoding="utf-8").splitlines()
    wrong = [number for number, line in enumerate(services, 1) if line == "    rto: 2 h"]
    said = 'HF108 error: expected a duration such as 2h, 90m, 30s or 500ms for rto, got "2 h"'
    assert {f"{broken}/services.yaml:{number}: {said}" for number in wrong} <= set(lines)
    unknown = sum(path.read_text(encoding="utf-8").count("target: db-aa") for path in broken.glob("scenarios-*.yaml"))
    assert sum("HF111 error" in line and f"{broken}/scenarios-" in line for line in lines) == unknown
    assert wrong
    assert unknown
    assert sum(line.startswith("  remedy: ") for line in lines) == unknown + len(wrong)
    assert lines[-1] == f"✗ {unknown + len(wrong)} errors: the model cannot be used"


def test_json_says_the_same(broken: Path) -> None:
    done = check(str(broken), "--json")
    assert done.code == 1
    said = json.loads(done.out)
    assert said["model"] is None
    assert {finding["code"] for finding in said["findings"]} == {"HF108", "HF111"}
    assert set(said["findings"][0]) == {"code", "severity", "file", "line", "message", "remedy"}
    usable = json.loads(check(EXAMPLE, "--json").out)
    assert usable["model"]["institution"] == "Meridian Clearing Bank N.V."
    assert usable["model"]["read"]["sites"] > 0
    assert len(usable["model"]["digest"]) == 64


def test_one_file_is_a_declaration_too(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text("institution: Example Bank\n", encoding="utf-8")
    done = check("bank.yaml", cwd=tmp_path)
    assert done.code == 0
    assert done.out.endswith("1 file · no service, so nothing was asked what it stands on\n")


def test_other_files_of_the_directory_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bank.yml").write_text("institution: Example Bank\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("sites: [", encoding="utf-8")
    (tmp_path / ".hidden.yaml").write_text("sites: [", encoding="utf-8")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "playbook.yaml").write_text("sites: [", encoding="utf-8")
    assert check(str(tmp_path)).code == 0


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_nothing_to_read_is_a_wrong_call(path: str, tmp_path: Path) -> None:
    done = check(path, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "HF910" in done.err
    assert "remedy:" in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_what_this_account_may_not_read(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text("institution: Example Bank\n", encoding="utf-8")
    (tmp_path / "bank.yaml").chmod(0)
    done = check(str(tmp_path))
    assert done.code == 3
    assert "HF911" in done.err


def test_a_file_that_is_too_long_is_a_finding(tmp_path: Path) -> None:
    with (tmp_path / "bank.yaml").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    done = check(str(tmp_path))
    assert done.code == 1
    assert "HF101" in done.out


def test_a_name_that_is_no_text_and_a_locale_that_shows_none(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text("institution: Société\nsites: {dc-a: {title: []}}\n", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml")).write_text("sites: {}\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        command(str(tmp_path)), check=False, capture_output=True, text=True, timeout=60, env=environment
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "HF101" in done.stdout
    assert "\\udcff.yaml:1" in done.stdout


def on_a_terminal(*arguments: str, columns: int, cwd: Path = ROOT) -> str:
    """Return what the command writes when its output is a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    with subprocess.Popen(command(*arguments), cwd=cwd, stdout=follower, env=environment) as process:
        os.close(follower)
        written = b""
        while chunk := _read(leader):
            written += chunk
        process.wait(timeout=60)
    os.close(leader)
    return written.decode()


def _read(leader: int) -> bytes:
    """Return what a terminal's other end wrote; nothing when it is closed."""
    try:
        return os.read(leader, 65536)
    except OSError:
        return b""


def test_on_a_terminal_it_is_coloured_and_wrapped(broken: Path) -> None:
    written = on_a_terminal(str(broken), columns=120)
    assert "\x1b[1;31merror HF108" in written
    plain = re.sub(r"\x1b\[[0-9;]*m", "", written)
    # A place stays in one piece, so that a terminal can open it.
    prose = [line for line in plain.splitlines() if str(broken) not in line]
    assert prose
    assert max(len(line.rstrip()) for line in prose) <= 120
