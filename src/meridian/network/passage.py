"""The way to and from the clean room: through the vault's router, and only while the clean room is open.

Shut, no router but the vault's knows where the clean room is, and the clean room knows of nothing but the vault. So the
hosts' filters are not the only thing that keeps it apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from pyroute2.netlink.exceptions import NetlinkError

from meridian.network.node import Node
from meridian.topology import LINKS, SITES, Link, links_of

APART, THROUGH = "clean-room", "vault"


def set_passage(routers: Mapping[str, Node], *, opened: bool) -> None:
    """Let the clean room and every site that has a line to the vault know the way to each other, or forget it."""
    for site, cidr, link in _ways():
        router = routers[site]
        gateway = link.addresses[link.between.index(THROUGH)]
        route = {"dst": cidr, "gateway": gateway, "oif": router.index(link.interface)}
        if opened:
            router.netlink.route("replace", **route)
        else:
            with suppress(NetlinkError):  # it was shut already
                router.netlink.route("del", **route)


def _ways() -> Iterator[tuple[str, str, Link]]:
    """Yield each route: at which site, to where, over which link to the vault."""
    own = next(link for link in LINKS.values() if set(link.between) == {APART, THROUGH})
    for link in links_of(THROUGH):
        if link is not own:
            other = next(site for site in link.between if site != THROUGH)
            yield other, SITES[APART].cidr, link
            yield APART, SITES[other].cidr, own
