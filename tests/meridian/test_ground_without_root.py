"""Ground as an ordinary account: where the tests run as root, all of them run once more as one of no rights."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.meridian import as_nobody, ground

WHOLE_TIMEOUT_S = 300.0
CANNOT = "not run: this machine allows no namespaces to ordinary accounts"


LINES = "tests/meridian/test_network_lines.py"


@pytest.mark.range
@pytest.mark.skipif(os.geteuid() != 0, reason="not run: this account is ordinary already, test_ground ran without root")
@pytest.mark.skipif(ground.mode() is None, reason="not run: this root may not make namespaces, so nor change accounts")
def test_everything_works_as_an_ordinary_account_too() -> None:
    # Not pytest's own directory: Unix sockets deep below that one would have too long a path.
    with tempfile.TemporaryDirectory(prefix="n") as home:
        run_as_nobody(Path(home))


def run_as_nobody(home: Path) -> None:
    """Run the tests of ground and of its lines as the account 65534, in a directory that it may write to."""
    launcher = (sys.executable, as_nobody.__file__, str(home))
    environment = {**os.environ, "PYTHONPATH": str(ground.ROOT)}
    probe = "from tests.meridian import ground; print(ground.mode())"
    mode = subprocess.run(
        (*launcher, sys.executable, "-c", probe), env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    if mode == "None":
        pytest.skip(CANNOT)
    assert mode == "rootless"
    tests = (
        "-m",
        "pytest",
        "-q",
        # Grounds without servers on them, and mostly waiting: two at a time are in nobody's way.
        "-n2",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        f"{home}/t",
        "tests/meridian/test_ground.py",
        LINES,
        # Long, and no different for an ordinary account.
        "--deselect=tests/meridian/test_ground.py::test_hosts_reach_exactly_whom_the_lines_join_them_to",
        f"--deselect={LINES}::test_large_transfers_survive_delay_and_loss_whole",
        f"--deselect={LINES}::test_traffic_leaves_a_line_that_fails_and_connections_survive[deaf]",
        f"--deselect={LINES}::test_traffic_leaves_a_line_that_fails_and_connections_survive[mute]",
    )
    done = subprocess.run(
        (*launcher, sys.executable, *tests), env=environment, capture_output=True, text=True, timeout=WHOLE_TIMEOUT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert re.search(r"\d+ passed", done.stdout)
    assert "skipped" not in done.stdout
