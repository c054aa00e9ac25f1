"""What is written for Patroni, PostgreSQL and etcd."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import pq

from meridian import stack
from meridian.errors import MeridianError
from meridian.stack import patroni, postgresql
from meridian.stack.members import BY_HOST, MEMBERS
from meridian.topology import HOSTS
from meridian.unit import RangeContext
from meridian.vault.manifest import SEGMENT_BYTES

NAMES = ("postgres-superuser", "postgres-replication", "postgres-rewind", "patroni-rest")
ROLE_NAMES = ("ledger-app", "ledger-auditor", "ledger-vault", "ledger-observer")


def context(directory: Path, profile: str = "fast") -> RangeContext:
    """Return a range that lies below ``directory``, its secrets written."""
    (directory / "secrets").mkdir()
    for name in (*NAMES, *ROLE_NAMES):
        (directory / "secrets" / name).write_text(f"word-of-{name}\n")
    below: Mapping[str, Path] = {host: directory / host for host in HOSTS}
    return RangeContext(
        directory=directory,
        profile=profile,
        client="safe",
        rate_per_s=1,
        python=sys.executable,
        disk=below,
        run=below,
        log=below,
        secrets=directory / "secrets",
    )


def test_patroni_itself_accepts_every_configuration(tmp_path: Path) -> None:
    made = context(tmp_path)
    for member in MEMBERS:
        written = tmp_path / "patroni.json"
        written.write_text(stack.prepare(made, member.host)[patroni.CONFIGURATION])
        done = subprocess.run(
            [sys.executable, "-m", "patroni", "--validate-config", "-i", written],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("profile", patroni.PROFILES)
def test_every_profile_keeps_the_rule_of_patroni(profile: str) -> None:
    timing = patroni.PROFILES[profile]
    assert timing.loop_wait + 2 * timing.retry_timeout <= timing.ttl
    assert timing.ttl >= 20


def test_the_vault_counts_in_the_segments_that_the_stack_makes() -> None:
    sizes = [
        option["wal-segsize"] for option in postgresql.INITDB if isinstance(option, dict) and "wal-segsize" in option
    ]
    assert [int(size) << 20 for size in sizes] == [SEGMENT_BYTES]


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeridianError, match="MR203") as caught:
        stack.prepare(context(tmp_path, "hasty"), "db-a")
    assert "fast" in caught.value.remedy


def test_hosts_without_a_database_get_nothing(tmp_path: Path) -> None:
    made = context(tmp_path)
    assert {host for host in HOSTS if stack.prepare(made, host)} == set(BY_HOST)


def test_only_the_file_for_patroni_holds_a_password(tmp_path: Path) -> None:
    made = context(tmp_path)
    files = stack.prepare(made, "db-b")
    assert {path for path, text in files.items() if "word-of-" in text} == {patroni.CONFIGURATION}
    arguments = [argument for unit in stack.units(made) for argument in (*unit.argv, *unit.environment.values())]
    assert not [argument for argument in arguments if "word-of-" in argument]
    held = json.dumps(json.loads(files[patroni.CONFIGURATION]))
    assert not [name for name in ROLE_NAMES if name in held]


def test_nobody_connects_without_scram_and_only_named_roles_do() -> None:
    lines = [line.split() for line in postgresql.access()]
    assert {line[-1] for line in lines} == {"scram-sha-256"}
    assert not [line for line in lines if line[2] == "all"]
    admitted = {f"{HOSTS[host].address}/32" for host in (*BY_HOST, "app-a", "app-b", "vault", "lookout")}
    assert {line[3] for line in lines if line[0] == "host"} == admitted
    # Whoever only tries whether the ledger takes writes gets no further than from where it is to try.
    observed_from = {f"{HOSTS[host].address}/32" for host in ("lookout", "app-b", "db-w")}
    assert {tuple(line[1:4]) for line in lines if line[2] == "observer"} == {
        ("ledger", "observer", address) for address in observed_from
    }


def test_process_names_are_those_of_the_range(tmp_path: Path) -> None:
    units = stack.units(context(tmp_path))
    assert {unit.name: unit.host for unit in units} == {
        **{f"{kind}-{letter}": f"db-{letter}" for kind in ("etcd", "patroni") for letter in "abw"},
        "etcd-steward": "db-w",
    }


@given(password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
def test_verifiers_are_those_that_postgresql_makes(password: str) -> None:
    libpq = pq.PGconn.connect(b"host=/nonexistent")
    theirs = libpq.encrypt_password(password.encode(), b"anyone", b"scram-sha-256").decode()
    libpq.finish()
    salt = theirs.split("$")[1].split(":")[1]
    assert postgresql.verifier(password, base64.b64decode(salt)) == theirs
