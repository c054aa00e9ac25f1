"""The fixed shape of Meridian: its sites, hosts, links and addresses. Names are those of ``examples/meridian``.

Addresses lie in a network of the range's own. Where a machine allows it none they lie on its loopback, all of which is
local on Linux and needs nothing to be configured. Which of the two is decided once, before a program begins.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = "MERIDIAN_NETWORK"
"""The variable in the environment that says where this process's range lies; without it in a network of its own."""
OF_ITS_OWN, LOOPBACK = "10.71", "127.71"
NETWORK = LOOPBACK if os.environ.get(VARIABLE) == LOOPBACK else OF_ITS_OWN
"""What every address begins with."""
_LOOPBACK_SOURCE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Site:
    """A place with a router; ``cidr`` holds its hosts, ``gateway`` is the router's address on every host's link."""

    name: str
    title: str
    cidr: str
    gateway: str

    @property
    def router(self) -> str:
        """Return the name of the site's router."""
        return f"router-{self.name}"


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of its own: it hangs on its site's router by a point-to-point link. ``account`` owns its files."""

    name: str
    site: str
    address: str
    account: str

    @property
    def source(self) -> str:
        """Return the address that others see a connection from here come from.

        On loopback the kernel takes the address of its one route for whoever names none, so all look the same there.
        """
        return _LOOPBACK_SOURCE if NETWORK == LOOPBACK else self.address


@dataclass(frozen=True, slots=True)
class Link:
    """A wide-area link between the routers of two sites; ``addresses`` are its two ends.

    ``interface`` is its name at both routers. Of two links between the same sites the one of lower ``preference`` is
    used, and the other when that one is down; each is the other's ``alternative``.
    """

    name: str
    between: tuple[str, str]
    addresses: tuple[str, str]
    interface: str
    preference: int
    alternative: bool


SITES: Mapping[str, Site] = {
    site.name: site
    for site in (
        Site("dc-a", "Data centre A", f"{NETWORK}.1.0/24", f"{NETWORK}.1.1"),
        Site("dc-b", "Data centre B", f"{NETWORK}.2.0/24", f"{NETWORK}.2.1"),
        Site("witness", "Witness site", f"{NETWORK}.3.0/24", f"{NETWORK}.3.1"),
        Site("vault", "Vault", f"{NETWORK}.4.0/24", f"{NETWORK}.4.1"),
        Site("participants", "Participants", f"{NETWORK}.5.0/24", f"{NETWORK}.5.1"),
        Site("clean-room", "Clean room", f"{NETWORK}.6.0/24", f"{NETWORK}.6.1"),
        Site("cloud", "Cloud", f"{NETWORK}.7.0/24", f"{NETWORK}.7.1"),
        Site("out-of-band", "Out of band", f"{NETWORK}.8.0/24", f"{NETWORK}.8.1"),
        Site("market", "Market infrastructures", f"{NETWORK}.9.0/24", f"{NETWORK}.9.1"),
    )
}

HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host("db-a", "dc-a", f"{NETWORK}.1.11", "meridian-db"),
        Host("app-a", "dc-a", f"{NETWORK}.1.21", "meridian-app"),
        Host("db-b", "dc-b", f"{NETWORK}.2.11", "meridian-db"),
        Host("app-b", "dc-b", f"{NETWORK}.2.21", "meridian-app"),
        Host("db-w", "witness", f"{NETWORK}.3.11", "meridian-db"),
        Host("vault", "vault", f"{NETWORK}.4.11", "meridian-vault"),
        Host("banks", "participants", f"{NETWORK}.5.11", "meridian-banks"),
        # These two have power and nothing on them: what is rebuilt, or moved out, begins there.
        Host("rebuild", "clean-room", f"{NETWORK}.6.11", "meridian-rebuild"),
        Host("cloud", "cloud", f"{NETWORK}.7.11", "meridian-cloud"),
        # At the participants' end of the lines, but the institution's own: it sees what they see.
        Host("lookout", "participants", f"{NETWORK}.5.21", "meridian-watch"),
        # Somebody else's: messaging network and RTGS.
        Host("market", "market", f"{NETWORK}.9.11", "meridian-market"),
        Host("oob", "out-of-band", f"{NETWORK}.8.11", "meridian-oob"),
    )
}

_PAIRS: tuple[tuple[str, str, str], ...] = (
    ("wan-orion", "dc-a", "dc-b"),
    ("wan-vega", "dc-a", "dc-b"),
    ("wan-dca-witness", "dc-a", "witness"),
    ("wan-dcb-witness", "dc-b", "witness"),
    ("wan-vault-dca", "vault", "dc-a"),
    ("wan-vault-dcb", "vault", "dc-b"),
    ("wan-vault-witness", "vault", "witness"),
    ("wan-participants-dca", "participants", "dc-a"),
    ("wan-participants-dcb", "participants", "dc-b"),
    ("wan-cleanroom-vault", "clean-room", "vault"),
    ("wan-cloud-vault", "cloud", "vault"),
    ("wan-cloud-participants", "cloud", "participants"),
    ("wan-market-dca", "market", "dc-a"),
    ("wan-market-dcb", "market", "dc-b"),
    ("wan-market-participants", "market", "participants"),
    ("wan-oob-dca", "out-of-band", "dc-a"),
    ("wan-oob-dcb", "out-of-band", "dc-b"),
    ("wan-oob-witness", "out-of-band", "witness"),
    # The observer at the participants' end must see every copy that may lead.
    ("wan-participants-witness", "participants", "witness"),
)

LINES = f"{NETWORK}.250.0/24"
"""Where the ends of all links lie."""


def _link(index: int) -> Link:
    name, *ends = _PAIRS[index]
    between = (ends[0], ends[1])
    same = [other for other, *pair in _PAIRS if set(pair) == set(between)]
    addresses = (f"{NETWORK}.250.{4 * index + 1}", f"{NETWORK}.250.{4 * index + 2}")
    return Link(name, between, addresses, f"line-{index}", same.index(name), len(same) > 1)


LINKS: Mapping[str, Link] = {link.name: link for link in map(_link, range(len(_PAIRS)))}
"""Each link is a /30 of LINES. Two sites without a link between them cannot reach each other."""


def hosts_of(site: str) -> tuple[Host, ...]:
    """Return the hosts at a site, in the order in which they are started."""
    return tuple(host for host in HOSTS.values() if host.site == site)


def links_of(site: str) -> tuple[Link, ...]:
    """Return the links that end at a site."""
    return tuple(link for link in LINKS.values() if site in link.between)
