"""The range's shape is consistent with itself."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from meridian.topology import HOSTS, LINKS, SITES, hosts_of
from meridian.unit import ACCOUNTS

INTERFACE_NAME_LIMIT = 15  # IFNAMSIZ without its final zero


def test_hosts_and_gateways_lie_in_their_sites() -> None:
    for host in HOSTS.values():
        assert IPv4Address(host.address) in IPv4Network(SITES[host.site].cidr)
    for site in SITES.values():
        assert IPv4Address(site.gateway) in IPv4Network(site.cidr)


def test_no_address_is_given_twice() -> None:
    given = [host.address for host in HOSTS.values()] + [site.gateway for site in SITES.values()]
    given += [address for link in LINKS.values() for address in link.addresses]
    assert len(set(given)) == len(given)


def test_networks_do_not_overlap() -> None:
    lines = [IPv4Network(f"{link.addresses[0]}/30", strict=False) for link in LINKS.values()]
    networks = [*(IPv4Network(site.cidr) for site in SITES.values()), *lines]
    assert [pair for pair in combinations(networks, 2) if pair[0].overlaps(pair[1])] == []


def test_both_ends_of_a_line_are_in_its_network() -> None:
    for link in LINKS.values():
        one, other = (IPv4Network(f"{address}/30", strict=False) for address in link.addresses)
        assert one == other
        assert {IPv4Address(address) for address in link.addresses} == set(one.hosts())


def test_sites_are_joined_at_most_once() -> None:
    joined = [frozenset(link.between) for link in LINKS.values()]
    assert len(set(joined)) == len(joined)
    assert all(len(pair) == 2 and pair <= set(SITES) for pair in joined)


def test_names_fit_into_interfaces() -> None:
    assert all(len(name) <= INTERFACE_NAME_LIMIT for name in (*HOSTS, *SITES))
    # A router names its lines by what is at their other end: a host and a site must not be called the same ...
    for site in SITES:
        peers = {name for link in LINKS.values() if site in link.between for name in link.between} - {site}
        # ... where both hang on one router.
        assert not peers & {host.name for host in hosts_of(site)}


def test_accounts_are_known() -> None:
    assert {host.account for host in HOSTS.values()} <= set(ACCOUNTS)
