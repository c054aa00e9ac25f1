"""The range's shape is consistent with itself."""

from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from meridian.topology import HOSTS, LINES, LINKS, LOOPBACK, SITES, VARIABLE, Link
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


def test_two_links_between_the_same_sites_are_each_others_alternative() -> None:
    joined: dict[frozenset[str], list[Link]] = {}
    for link in LINKS.values():
        assert len(set(link.between)) == 2
        assert set(link.between) <= set(SITES)
        joined.setdefault(frozenset(link.between), []).append(link)
    assert [link.name for link in joined[frozenset(("dc-a", "dc-b"))]] == ["wan-orion", "wan-vega"]
    for links in joined.values():
        assert [link.preference for link in links] == list(range(len(links)))
        assert {link.alternative for link in links} == {len(links) > 1}


def test_names_fit_into_interfaces() -> None:
    longest = [f"{link.interface}-2" for link in LINKS.values()]  # at the exchange
    assert all(len(name) <= INTERFACE_NAME_LIMIT for name in (*HOSTS, *longest))
    # A router names its interfaces by the host or by the line that hangs on it.
    assert not {link.interface for link in LINKS.values()} & set(HOSTS)
    assert len({link.interface for link in LINKS.values()}) == len(LINKS)


def test_the_ends_of_all_lines_lie_where_hosts_may_measure_them() -> None:
    assert {IPv4Address(end) in IPv4Network(LINES) for link in LINKS.values() for end in link.addresses} == {True}


def test_accounts_are_known() -> None:
    assert {host.account for host in HOSTS.values()} <= set(ACCOUNTS)


def test_all_of_it_lies_on_loopback_where_that_was_said() -> None:
    program = "from meridian.topology import *; print(LINES, *{each.source for each in HOSTS.values()}, *("
    program += "each.address for each in HOSTS.values()), *(each.cidr for each in SITES.values()))"
    environment = {**os.environ, VARIABLE: LOOPBACK}
    done = subprocess.run(
        (sys.executable, "-c", program), env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    lines, source, *given = done
    assert source == "127.0.0.1"
    assert len(given) == len(HOSTS) + len(SITES)
    for text in (lines, *given):
        assert IPv4Network(text).subnet_of(IPv4Network("127.71.0.0/16"))
    assert {host.source for host in HOSTS.values()} == {host.address for host in HOSTS.values()}
