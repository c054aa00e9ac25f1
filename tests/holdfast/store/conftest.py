"""Homes for logs, in every store: what holds of one must hold of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.holdfast.store.home import Home, PostgresHome
from tests.holdfast.store.postgres_server import Server, running

Homes = Callable[[Path], Home]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Return a PostgreSQL that all tests share, each in databases of its own."""
    with running() as started:
        yield started


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.range)])
def homes(request: pytest.FixtureRequest) -> Homes:
    """Return what makes a home for a log from a directory, for one store after the other."""
    if request.param == "sqlite":
        return Home
    server: Server = request.getfixturevalue("server")
    return lambda base: PostgresHome.on(server, base)


@pytest.fixture
def home(homes: Homes, tmp_path: Path) -> Iterator[Home]:
    """Yield a home for one log."""
    made = homes(tmp_path)
    yield made
    made.leave()
