"""The endpoint agent, Halberd: one small process on every host that has it, and privileged there.

It takes its rules from a channel file that its vendor updates. Its part in the kernel is started at every boot: when it
fails, the host stops, and stops again as long as the same update lies there. That is what makes one bad update, sent to
all at once, take down every host of both data centres, and what keeps them down.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from meridian.topology import HOSTS
from meridian.unit import RangeContext, Unit

HOSTS_WITH_AGENT = ("db-a", "app-a", "db-b", "app-b")
"""The witness was built without it, on purpose."""

CHANNEL = "agent/channel"
"""Where on a host's disk the latest update lies."""

FIELDS = 21
"""How many fields a rule has that this agent's interpreter reads."""

FIRST_UPDATE = "channel 290\n" + "|".join(f"f{number}" for number in range(FIELDS)) + "\n"
"""The update that every host begins with."""

_PROGRAM = Path(__file__).with_name("program.py")


def units(context: RangeContext) -> tuple[Unit, ...]:
    """Return the agent's process on every host that has one; its failure stops the host."""
    return tuple(
        Unit(
            name=f"agent-{host}",
            host=host,
            account=HOSTS[host].account,
            # Without site packages and without this institution's modules: it is there in some milliseconds.
            argv=(context.python, "-I", "-S", str(_PROGRAM), str(context.disk[host] / CHANNEL), str(FIELDS)),
            fatal=True,
        )
        for host in HOSTS_WITH_AGENT
    )


def prepare(host: str) -> Mapping[str, str]:
    """Return the files that must be on a host's disk."""
    return {CHANNEL: FIRST_UPDATE} if host in HOSTS_WITH_AGENT else {}
