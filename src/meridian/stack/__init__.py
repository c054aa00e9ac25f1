"""The database stack: three etcd, three Patroni with their PostgreSQL, and the steward of etcd's leader."""

from __future__ import annotations

from collections.abc import Mapping

from meridian.stack import etcd, patroni, steward
from meridian.stack.members import BY_HOST, MEMBERS
from meridian.unit import RangeContext, Unit

SECRETS: Mapping[str, tuple[str, ...]] = {}
"""No secret is placed on a host as a file of its own: they are inside the files that ``prepare`` returns."""


def units(context: RangeContext) -> tuple[Unit, ...]:
    """Return the stack's processes, in the order in which they are best started."""
    return (
        *(etcd.unit(context, member) for member in MEMBERS),
        *(patroni.unit(context, member) for member in MEMBERS),
        steward.unit(context),
    )


def prepare(context: RangeContext, host: str) -> Mapping[str, str]:
    """Return the files, by path on the host's disk, that must be there (mode 0600, owned by the database account)."""
    member = BY_HOST.get(host)
    return patroni.files(context, member) if member else {}
