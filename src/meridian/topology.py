"""The fixed shape of Meridian: its sites, hosts, links and addresses. Names are those of ``examples/meridian``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Link:
    """A wide-area link between the routers of two sites; ``addresses`` are its two ends."""

    name: str
    between: tuple[str, str]
    addresses: tuple[str, str]


SITES: Mapping[str, Site] = {
    site.name: site
    for site in (
        Site("dc-a", "Data centre A", "10.71.1.0/24", "10.71.1.1"),
        Site("dc-b", "Data centre B", "10.71.2.0/24", "10.71.2.1"),
        Site("witness", "Witness site", "10.71.3.0/24", "10.71.3.1"),
        Site("vault", "Vault", "10.71.4.0/24", "10.71.4.1"),
        Site("participants", "Participants", "10.71.5.0/24", "10.71.5.1"),
    )
}

HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host("db-a", "dc-a", "10.71.1.11", "meridian-db"),
        Host("app-a", "dc-a", "10.71.1.21", "meridian-app"),
        Host("db-b", "dc-b", "10.71.2.11", "meridian-db"),
        Host("app-b", "dc-b", "10.71.2.21", "meridian-app"),
        Host("db-w", "witness", "10.71.3.11", "meridian-db"),
        Host("vault", "vault", "10.71.4.11", "meridian-vault"),
        Host("banks", "participants", "10.71.5.11", "meridian-banks"),
    )
}

_PAIRS: tuple[tuple[str, str, str], ...] = (
    ("wan-dca-dcb", "dc-a", "dc-b"),
    ("wan-dca-witness", "dc-a", "witness"),
    ("wan-dcb-witness", "dc-b", "witness"),
    ("wan-vault-dca", "vault", "dc-a"),
    ("wan-vault-dcb", "vault", "dc-b"),
    ("wan-vault-witness", "vault", "witness"),
    ("wan-participants-dca", "participants", "dc-a"),
    ("wan-participants-dcb", "participants", "dc-b"),
)

LINKS: Mapping[str, Link] = {
    name: Link(name, (one, other), (f"10.71.250.{4 * index + 1}", f"10.71.250.{4 * index + 2}"))
    for index, (name, one, other) in enumerate(_PAIRS)
}
"""Each link is a /30 of 10.71.250.0/24. Two sites without a link between them cannot reach each other."""


def hosts_of(site: str) -> tuple[Host, ...]:
    """Return the hosts at a site, in the order in which they are started."""
    return tuple(host for host in HOSTS.values() if host.site == site)
