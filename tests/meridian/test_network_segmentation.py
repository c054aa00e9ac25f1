"""The filter of a host, between two network namespaces: what passes, what is silent, and what no trick gets through.

As an ordinary account the range makes its namespaces inside a user namespace, which a test's process cannot leave
again: there, the tests of the whole range stand for these.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest
from pyroute2 import IPRoute

from meridian.linux import CLONE_NEWNET, setns, unshare
from meridian.network.node import Node, veth
from meridian.network.policy import Doors
from meridian.network.segmentation import HostFilter

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make network namespaces here")

CLIENT, SERVER = "10.9.0.1", "10.9.0.2"
PORT = 5432
SILENCE_S = 0.3


def namespace() -> Node:
    """Return a new network namespace; this process stays where it is."""
    base = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(CLONE_NEWNET)
        node = Node(os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC), IPRoute())
        node.netlink.link("set", index=1, state="up")
        return node
    finally:
        setns(base, CLONE_NEWNET)
        os.close(base)


Ends = tuple[Node, Node]
Guard = Callable[[Node, Doors], None]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Return two hosts that are joined by a cable, each with its address."""
    client, server = namespace(), namespace()
    veth(client, "eth0", server, "eth0")
    for node, address in ((client, CLIENT), (server, SERVER)):
        index = node.index("eth0")
        node.netlink.addr("add", index=index, address=address, prefixlen=24)
        node.netlink.link("set", index=index, state="up")
    yield client, server
    client.close()
    server.close()


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Return what gives a host a filter, or another one."""
    filters: dict[int, HostFilter] = {}

    def apply(node: Node, doors: Doors) -> None:
        if node.descriptor not in filters:
            with node.inside():
                filters[node.descriptor] = HostFilter()
        filters[node.descriptor].apply(doors)

    yield apply
    for each in filters.values():
        each.close()


def tried(source: Node, target: Node, address: str, port: int, from_port: int = 0) -> str:
    """Return what comes of connecting to a listener on another host, from a port of one's own choice."""
    with target.inside():
        listener = socket.create_server((address, port))
    with source.inside():
        connection = socket.socket()
    with listener, connection:
        connection.settimeout(SILENCE_S)
        if from_port:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection.bind(("", from_port))
        try:
            connection.connect((address, port))
            listener.settimeout(SILENCE_S)
            accepted, _ = listener.accept()
            with accepted:
                accepted.sendall(b"hello")
                return connection.recv(5).decode()
        except TimeoutError:
            return "silence"


ONE_WAY = Doors(outward=((SERVER, PORT),), inward=()), Doors(outward=(), inward=((CLIENT, PORT),))
SHUT = Doors((), ())


def test_what_both_sides_allow_passes_in_both_directions(ends: Ends, guard: Guard) -> None:
    client, server = ends
    assert tried(client, server, SERVER, PORT) == "hello"
    for node, doors in zip(ends, ONE_WAY, strict=True):
        guard(node, doors)
    assert tried(client, server, SERVER, PORT) == "hello"
    assert tried(client, server, SERVER, PORT + 1) == "silence"


def test_one_side_is_enough_to_forbid_it(ends: Ends, guard: Guard) -> None:
    client, server = ends
    for one, other in ((ONE_WAY[0], SHUT), (SHUT, ONE_WAY[1])):
        guard(client, one)
        guard(server, other)
        assert tried(client, server, SERVER, PORT) == "silence"
        # What is dropped is not refused either, where nobody listens.
        with client.inside(), socket.socket() as connection:
            connection.settimeout(SILENCE_S)
            with pytest.raises(TimeoutError):
                connection.connect((SERVER, PORT + 2))


def test_the_server_may_not_connect_back_not_even_from_the_port_that_it_serves(ends: Ends, guard: Guard) -> None:
    client, server = ends
    for node, doors in zip(ends, ONE_WAY, strict=True):
        guard(node, doors)
    assert tried(server, client, CLIENT, PORT) == "silence"
    assert tried(server, client, CLIENT, 7000, from_port=PORT) == "silence"
    # With only one of the two filters in its way, each of them is shown to stop it.
    everything = Doors(tuple((CLIENT, port) for port in (PORT, 7000)), ((CLIENT, PORT),))
    guard(server, everything)
    assert tried(server, client, CLIENT, 7000, from_port=PORT) == "silence"


def test_a_filter_is_replaced_as_a_whole_and_a_host_may_talk_to_itself(ends: Ends, guard: Guard) -> None:
    client, server = ends
    guard(client, SHUT)
    guard(client, ONE_WAY[0])
    assert tried(client, server, SERVER, PORT) == "hello"
    guard(server, SHUT)
    assert tried(client, server, SERVER, PORT) == "silence"
    assert tried(server, server, SERVER, PORT) == "hello"
