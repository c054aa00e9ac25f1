"""The three etcd members: how they are started, and the settings that matter.

``pre-vote`` is on in both series (off by default in 3.4): a member that comes back from a partition must not depose a
healthy leader by its higher term. Heartbeat and election timeout are etcd's defaults, written down because the
recovery times of the range depend on them. A fencer can revoke a lease only once somebody leads the votes again, so in
its profile etcd elects in half the time: the lines of the range take a hundredth of that (etcd's tuning guide asks for
an election timeout of ten round trips).
"""

from __future__ import annotations

from collections.abc import Sequence

from meridian import binaries
from meridian.stack.members import CLIENT_PORT, MEMBERS, PEER_PORT, Member
from meridian.unit import RangeContext, Unit

HEARTBEAT_MS, ELECTION_MS = 100, 1000
FENCED_HEARTBEAT_MS, FENCED_ELECTION_MS = 50, 500
QUOTA_BYTES = 256 << 20


def unit(context: RangeContext, member: Member, members: Sequence[Member] = MEMBERS) -> Unit:
    """Return the etcd server of one of ``members``, with its data on the host's own disk."""
    etcd = binaries.etcd()
    client = f"http://{member.address}:{CLIENT_PORT}"
    peer = f"http://{member.address}:{PEER_PORT}"
    heartbeat_ms, election_ms = timing(context.profile)
    cluster = ",".join(f"{each.etcd}=http://{each.address}:{PEER_PORT}" for each in members)
    return Unit(
        name=member.etcd,
        host=member.host,
        account="meridian-etcd",
        argv=(
            str(etcd.path),
            f"--name={member.etcd}",
            f"--data-dir={context.disk[member.host] / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={cluster}",
            "--initial-cluster-state=new",
            "--initial-cluster-token=meridian",
            f"--heartbeat-interval={heartbeat_ms}",
            f"--election-timeout={election_ms}",
            "--pre-vote=true",
            f"--quota-backend-bytes={QUOTA_BYTES}",
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=1h",
            "--logger=zap",
            "--log-level=warn",
            *etcd.arguments,
        ),
        environment={"GOMAXPROCS": "2"},
        ports=(CLIENT_PORT, PEER_PORT),
    )


def timing(profile: str) -> tuple[int, int]:
    """Return heartbeat interval and election timeout of a profile, in ms."""
    return (FENCED_HEARTBEAT_MS, FENCED_ELECTION_MS) if profile == "fenced" else (HEARTBEAT_MS, ELECTION_MS)
