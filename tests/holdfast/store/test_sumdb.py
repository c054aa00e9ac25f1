"""The packages that check Go's own checksum database check what Holdfast exports: its note, its tiles, its proofs.

Runs where ``go`` and its package golang.org/x/mod are installed, as docs/log.md says; elsewhere it is not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from holdfast.evidence.tlog_proof import prove
from holdfast.store.bundle import export
from tests.holdfast.store.home import Home, phase

PROGRAM = Path(__file__).parents[3] / "tools" / "sumdb" / "check.go"
PACKAGES = Path("/usr/share/gocode")
BUILD_TIMEOUT_S = 300
SIZES = (1, 2, 5, 6, 37, 255, 256, 257, 300)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the adapter, compiled."""
    go = shutil.which("go")
    if go is None or not (PACKAGES / "src" / "golang.org" / "x" / "mod" / "sumdb" / "tlog").is_dir():
        pytest.skip("not run: Go and its packages are not installed here (golang-go, golang-golang-x-mod-dev)")
    program = tmp_path_factory.mktemp("sumdb") / "check"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(PACKAGES),
        "GOCACHE": str(program.parent / "cache"),
        "GOFLAGS": "",
    }
    command = [go, "build", "-o", str(program), str(PROGRAM)]
    subprocess.run(command, env=environment, check=True, timeout=BUILD_TIMEOUT_S)
    return program


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a log with checkpoints at all of ``SIZES``, its bundle, and proofs of every kind beside it."""
    home = Home(tmp_path_factory.mktemp("home"))
    proofs = home.base / "proofs"
    proofs.mkdir()
    with home.open() as log:
        for size in SIZES[1:]:
            log.append([phase("zwölf ✓")] * (size - log.size()), actor="tester", subject="s")
        export(log, home.base / "bundle")
        with log.snapshot() as snapshot:
            checkpoints, entries = snapshot.checkpoints, list(snapshot.entries)
    assert [stored.size for stored in checkpoints] == list(SIZES)
    for stored in checkpoints:
        for index in sorted({0, stored.size // 3, stored.size // 2, stored.size - 1}):
            path = proofs / f"{index}-{stored.size}.tlog-proof"
            path.write_text(prove(checkpoints, entries, index, stored.size).text())
            for older in checkpoints:
                if older.size <= stored.size:
                    both = prove(checkpoints, entries, index, stored.size, older.note)
                    path.with_name(f"{index}-{stored.size}-{older.size}.tlog-proof").write_text(both.text())
    return home


def run(checker: Path, key: str, *paths: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [str(checker), key, *map(str, paths)], check=False, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S
    )
    return done.returncode, done.stdout.splitlines()


def test_a_bundle_is_what_the_key_signed(checker: Path, home: Home) -> None:
    status, lines = run(checker, home.key(), home.base / "bundle")
    assert (status, len(lines)) == (0, 1)
    assert "300 entries lead through their tiles to the root" in lines[0]


def test_every_proof_holds(checker: Path, home: Home) -> None:
    proofs = sorted((home.base / "proofs").iterdir())
    status, lines = run(checker, home.key(), *proofs)
    assert status == 0, lines[-1]
    assert len(lines) == len(proofs) > 100
    assert sum("which begins with the signed tree of" in line for line in lines) > 100


def test_another_key_is_refused(checker: Path, home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path)
    other.open().close()
    for path in (home.base / "bundle", home.base / "proofs" / "0-300.tlog-proof"):
        status, lines = run(checker, other.key(), path)
        assert (status, len(lines)) == (1, 1)
        assert "no verifiable signatures" in lines[0]


@pytest.mark.parametrize("file", ["tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"])
def test_an_altered_bundle_is_refused(checker: Path, home: Home, tmp_path: Path, file: str) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(home.base / "bundle", bundle)
    content = bytearray((bundle / file).read_bytes())
    content[20] ^= 1
    (bundle / file).write_bytes(content)
    status, lines = run(checker, home.key(), bundle)
    assert (status, lines[0].partition(":")[0]) == (1, "PROBLEM")


def test_an_altered_proof_is_refused(checker: Path, home: Home, tmp_path: Path) -> None:
    text = (home.base / "proofs" / "100-300-37.tlog-proof").read_text()
    lines = text.split("\n")
    entry, hash_ = lines[1], lines[3]
    for wrong in (
        text.replace("index 100", "index 101"),
        text.replace(hash_, f"{'B' if hash_[0] == 'A' else 'A'}{hash_[1:]}"),
        text.replace(f"{hash_}\n", ""),
        text.replace(entry, (home.base / "proofs" / "0-300-37.tlog-proof").read_text().split("\n")[1]),
        text.replace("\n300\n", "\n299\n"),
    ):
        assert wrong != text
        path = tmp_path / "wrong.tlog-proof"
        path.write_text(wrong)
        status, said = run(checker, home.key(), path)
        assert (status, said[0].partition(":")[0]) == (1, "PROBLEM")
