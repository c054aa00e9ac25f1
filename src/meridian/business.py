"""What of Meridian is its business: settlement gateways, banks and vault, as units of the range."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meridian import binaries
from meridian.banks import BANKS
from meridian.dispatch import units as dispatch
from meridian.participants.monitor import ALARMS
from meridian.topology import HOSTS
from meridian.unit import RangeContext, Unit

HTTP_PORT = 8080
POSTGRES_PORT = 5432
PATRONI_PORT = 8008

GATEWAYS: Mapping[str, str] = {"settlement-a": "app-a", "settlement-b": "app-b"}
"""Gateway → its host, in the order in which banks prefer them."""
_DATABASES = ("db-a", "db-b", "db-w")
_OPERATOR_SOCKET = "settlement.sock"
_CONTROL_SOCKET = "participants.sock"
_VAULT_SOCKET = "base.sock"
_BACKUP_ORDER = ("db-w", "db-b", "db-a")
"""Whom the vault asks for a base backup: the first of them that does not lead."""
SHELF_PORT = 8090
_TOKENS_OF_BANKS = tuple(f"bank-{bank.name}" for bank in BANKS)

_OWN_SECRETS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(GATEWAYS.values(), ("ledger-app", "operator-token", "vault-token", *_TOKENS_OF_BANKS)),
    "vault": ("ledger-vault", "vault-token", "vault-operator", "rebuild-token", "cloud-token"),
    "rebuild": ("rebuild-token",),
    # Its own and nobody else's: of what production has it is given nothing, and production nothing of this.
    "cloud": ("cloud-token", "cloud-key"),
    "banks": ("banks-token", *_TOKENS_OF_BANKS),
}
SECRETS: Mapping[str, tuple[str, ...]] = {
    host: (*_OWN_SECRETS.get(host, ()), *dispatch.SECRETS.get(host, ()))
    for host in {**_OWN_SECRETS, **dispatch.SECRETS}
}
"""Host → the secrets that are placed on it."""


def units(context: RangeContext) -> tuple[Unit, ...]:
    """Return the processes of gateways, vault and banks."""
    gateways = [f"{HOSTS[host].address}:{HTTP_PORT}" for host in GATEWAYS.values()]
    first = (*(_gateway(context, name) for name in GATEWAYS), *_vault(context), *_banks(context))
    return (*first, *dispatch.units(context, gateways))


def endpoints(context: RangeContext) -> dict[str, dict[str, Any]]:
    """Return where the control plane reaches what can be operated."""
    operator = {
        name: {
            "http_unix": str(context.run[host] / _OPERATOR_SOCKET),
            "token_file": str(context.secrets / "operator-token"),
            "user": "operator",
        }
        for name, host in GATEWAYS.items()
    }
    banks = {
        "http_unix": str(context.run["banks"] / _CONTROL_SOCKET),
        "token_file": str(context.secrets / "banks-token"),
    }
    backups = {
        "http_unix": str(context.run["vault"] / _VAULT_SOCKET),
        "token_file": str(context.secrets / "vault-operator"),
        "user": "backups",
    }
    return {**operator, "participants": banks, "vault-base": backups}


def first_settled(records: Path) -> dict[str, Any] | None:
    """Return the earliest settlement that any bank has on record: durable at two sites, or it would not be there."""
    found = []
    for path in records.glob("*.ndjson"):
        if path.name == ALARMS:
            continue
        with path.open("rb") as record:
            line = next((line for line in record if b'"status":"settled"' in line and line.endswith(b"\n")), None)
        if line is not None:
            found.append(json.loads(line))
    return min(found, key=lambda line: int(line["t_us"]), default=None)


def _gateway(context: RangeContext, name: str) -> Unit:
    host = GATEWAYS[name]
    disk = context.disk[host]
    return Unit(
        name=name,
        host=host,
        account="meridian-app",
        argv=(
            *_program(context, "settlement"),
            f"--name={name}",
            f"--listen={HOSTS[host].address}:{HTTP_PORT}",
            f"--operator={context.run[host] / _OPERATOR_SOCKET}",
            f"--journal={disk / 'settlement' / 'journal.ndjson'}",
            f"--secrets={disk / 'secrets'}",
            f"--client={context.client}",
            f"--ledger-port={POSTGRES_PORT}",
            *(f"--patroni={HOSTS[each].address}:{PATRONI_PORT}" for each in _DATABASES),
        ),
        ports=(HTTP_PORT,),
    )


def _vault(context: RangeContext) -> tuple[Unit, ...]:
    shared = (f"--keep={context.run['vault'].parent / 'keep'}", f"--secrets={context.disk['vault'] / 'secrets'}")
    wal = (
        f"--program={binaries.postgresql_bin() / 'pg_receivewal'}",
        f"--ledger-port={POSTGRES_PORT}",
        *(f"--ledger={HOSTS[each].address}" for each in _DATABASES),
    )
    journal = (f"--gateway={name}={HOSTS[host].address}:{HTTP_PORT}" for name, host in GATEWAYS.items())
    base = (
        f"--program={binaries.postgresql_bin() / 'pg_basebackup'}",
        f"--operator={context.run['vault'] / _VAULT_SOCKET}",
        f"--ledger-port={POSTGRES_PORT}",
        *(f"--ledger={HOSTS[each].address}" for each in _BACKUP_ORDER),
    )
    door = (f"--listen={HOSTS['vault'].address}:{SHELF_PORT}",)
    ports = {"shelf": (SHELF_PORT,)}
    program = _program(context, "vault")
    return tuple(
        Unit(
            name=f"vault-{what}",
            host="vault",
            account="meridian-vault",
            argv=(*program, what, *shared, *own),
            ports=ports.get(what, ()),
        )
        for what, own in (("wal", wal), ("journal", journal), ("base", base), ("shelf", door))
    )


def _banks(context: RangeContext) -> tuple[Unit, Unit]:
    records = f"--records={context.run['banks'].parent / 'records'}"
    load = (
        f"--secrets={context.disk['banks'] / 'secrets'}",
        f"--control={context.run['banks'] / _CONTROL_SOCKET}",
        f"--rate={context.rate_per_s}",
        *(f"--gateway={name}=http://{HOSTS[host].address}:{HTTP_PORT}" for name, host in GATEWAYS.items()),
    )
    program = _program(context, "participants")
    return (
        Unit(name="participants", host="banks", account="meridian-banks", argv=(*program, "banks", records, *load)),
        Unit(name="participants-monitor", host="banks", account="meridian-banks", argv=(*program, "monitor", records)),
    )


def _program(context: RangeContext, package: str) -> tuple[str, ...]:
    return (context.python, "-P", "-m", f"meridian.{package}")
