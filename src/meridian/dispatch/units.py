"""The dispatching processes, the infrastructures that they deliver to, and the banks' inbox, as units of the range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meridian.duties import DUTIES
from meridian.topology import HOSTS
from meridian.unit import RangeContext, Unit

NETWORK_PORT = 8090
RTGS_PORT = 8091
MARKET = "market"
BANKS = "banks"
_SITES = ("app-a", "app-b")
"""Where the candidates of every duty run, in the order in which the duty names them."""

_RECEIVERS: Mapping[str, tuple[int, str]] = {
    "messaging": (NETWORK_PORT, "network-token"),
    "reporting": (NETWORK_PORT, "network-token"),
    "rtgs-connector": (RTGS_PORT, "rtgs-token"),
}
"""Task → where it delivers, and the secret that it is known by there."""

SECRETS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_SITES, ("stream-token", "network-token", "rtgs-token")),
    MARKET: ("network-token", "rtgs-token", "inbox-token"),
    BANKS: ("inbox-token",),
}
"""Host → the secrets that are placed on it for these."""


def units(context: RangeContext, gateways: Sequence[str]) -> tuple[Unit, ...]:
    """Return the units; ``gateways`` is ADDRESS:PORT of each, in order of preference."""
    couriers = (
        _courier(context, task, name, host, gateways)
        for task, candidates in DUTIES.items()
        for name, host in zip(candidates, _SITES, strict=True)
    )
    network = _infrastructure(context, "messaging-network", NETWORK_PORT, "network-token")
    rtgs = _infrastructure(context, "rtgs", RTGS_PORT, "rtgs-token")
    return (*couriers, network, rtgs, _inbox(context, gateways))


def _courier(context: RangeContext, task: str, name: str, host: str, gateways: Sequence[str]) -> Unit:
    port, secret = _RECEIVERS[task]
    return Unit(
        name=name,
        host=host,
        account="meridian-app",
        argv=(
            *_program(context, "dispatch"),
            task,
            f"--name={name}",
            *(f"--gateway={each}" for each in gateways),
            f"--receiver={HOSTS[MARKET].address}:{port}",
            f"--receiver-secret={secret}",
            f"--store={context.disk[host] / task / 'store.db'}",
            f"--secrets={context.disk[host] / 'secrets'}",
        ),
    )


def _infrastructure(context: RangeContext, what: str, port: int, secret: str) -> Unit:
    return Unit(
        name=f"{what}-stub",
        host=MARKET,
        account="meridian-market",
        argv=(
            *_program(context, "market"),
            what,
            f"--listen={HOSTS[MARKET].address}:{port}",
            f"--store={context.disk[MARKET] / what / 'store.db'}",
            f"--secrets={context.disk[MARKET] / 'secrets'}",
            f"--sender-secret={secret}",
        ),
        ports=(port,),
    )


def _inbox(context: RangeContext, gateways: Sequence[str]) -> Unit:
    return Unit(
        name="participants-inbox",
        host=BANKS,
        account="meridian-banks",
        argv=(
            *_program(context, "participants"),
            "inbox",
            f"--records={context.run[BANKS].parent / 'inbox'}",
            f"--secrets={context.disk[BANKS] / 'secrets'}",
            *(f"--gateway=gateway=http://{each}" for each in gateways),
            f"--collect=messaging-network={HOSTS[MARKET].address}:{NETWORK_PORT}",
            f"--collect=rtgs={HOSTS[MARKET].address}:{RTGS_PORT}",
        ),
    )


def _program(context: RangeContext, package: str) -> tuple[str, ...]:
    return (context.python, "-P", "-m", f"meridian.{package}")
