"""Who belongs to a host, and what a server that was killed left behind, as its files say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meridian.host import processes

FIRST = """
import json, os, subprocess, sys
from meridian.host import processes
from meridian.linux import become_subreaper
become_subreaper()
# A child that leaves a child behind and ends: it is the first process's now.
subprocess.run(["/bin/sh", "-c", "sleep 60 & sleep 0"], check=True)
subprocess.Popen(["/bin/sh", "-c", "sleep 60 & wait"], start_new_session=True)
while len(processes.everyone()) < 3:
    pass
found = processes.everyone()
processes.kill(None)
print(len(found), os.getpid() in found, os.getppid() in found)
"""


def test_everybody_is_who_descends_from_the_first_process_orphans_included() -> None:
    done = subprocess.run((sys.executable, "-c", FIRST), capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["3", "False", "False"]


def test_children_are_one_s_own() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert child.pid in processes.children(os.getpid())
        child.kill()


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("42\n/data\n1700000000\n5432\n/run\n127.71.1.11\n  3236488   1540102\nready\n", 1540102),
        ("42\n/data\n1700000000\n5432\n", None),
        ("42\n/data\n1700000000\n5432\n/run\n\n\n", None),
        ("", None),
    ],
)
def test_the_shared_memory_of_a_server_is_on_its_file_s_seventh_line(
    tmp_path: Path, text: str, segment: int | None
) -> None:
    path = tmp_path / "postmaster.pid"
    path.write_text(text)
    assert processes.segment_in_file(path) == segment
    assert processes.segment_in_file(tmp_path / "none") is None
