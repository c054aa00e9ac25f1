"""What a container image is, by its name, and which services a setting names: for Compose and Kubernetes alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from holdfast.model.types import Kind

# Image names, without registry, owner and tag, that hold data as their business.
_DATABASES = (
    "postgres postgresql timescaledb postgis pgvector mysql mariadb percona mssql oracle mongo mongodb redis "
    "valkey keydb memcached cassandra scylla cockroach couchdb couchbase elasticsearch opensearch clickhouse "
    "influxdb neo4j etcd db2 vertica tidb minio rethinkdb yugabyte arangodb questdb victoria-metrics dynamodb "
    "spanner hana"
)
_NETWORKS = "nginx-proxy traefik haproxy envoy caddy keepalived squid bind9 coredns wireguard"
_DATABASE = re.compile(
    rf"(?:^|[-_.])(?:{'|'.join(_DATABASES.split())})(?:$|[-_.:0-9])|(?:^|[-_])db(?:$|[-_])", re.IGNORECASE
)
_NETWORK = re.compile(rf"^(?:{'|'.join(_NETWORKS.split())})(?:$|[-_.:])", re.IGNORECASE)

_HOST = re.compile(r"(?:^|[/@,=\s\"'])([a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?=[:/,?\s\"']|$)", re.IGNORECASE)
MAX_SETTING_CHARS = 10_000


def kind_of_image(image: str, name: str) -> tuple[Kind, str | None]:
    """Return the kind of what runs an image, and why it is guessed: from the image, else from the service's name."""
    base = image.rpartition("/")[2].partition("@")[0]
    if base:
        if _DATABASE.search(base):
            return "database", None
        if _NETWORK.search(base):
            return "network", None
    if _DATABASE.search(name):
        return "database", f'from its name; its image is "{base or "built here"}"'
    return "application", None if base else "no image is named"


def named_in(settings: Iterable[str], known: Collection[str]) -> frozenset[str]:
    """Return the known host names that settings mention, as in ``postgres://user@ledger:5432/db``."""
    found = set()
    for setting in settings:
        for match in _HOST.finditer(setting[:MAX_SETTING_CHARS]):
            host = match[1].casefold()
            # Inside a cluster a name may carry its namespace and the cluster's domain.
            host = host.removesuffix(".cluster.local").removesuffix(".svc")
            if host in known:
                found.add(host)
    return frozenset(found)


def addresses(words: Iterable[str]) -> list[str]:
    """Return the words of a command that can hold an address: the others would name services by chance."""
    return [word for word in words if any(mark in word for mark in ":=/@")]
