"""Patroni's REST interface: the planned change of who leads, asked for from inside the range.

``POST /switchover`` needs the credentials of the interface and answers in words once it is done, or why not
(Patroni 4, "Switchover and failover endpoints").
"""

from __future__ import annotations

from holdfast.connectors import http
from holdfast.connectors.netns import Inside
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem

CONNECT_WITHIN_S = 2.0
SWITCHOVER_TIMEOUT_S = 45.0
PREFIX = "patroni-"


def switchover(inventory: Inventory, leader: str, candidate: str) -> str:
    """Ask for ``candidate`` to lead in place of ``leader``; return what Patroni says once it is done.

    HF304 if no Patroni of the range can be asked, HF305 if it refuses or does not get it done.
    """
    for name, end in sorted(inventory.endpoints.items()):
        state = inventory.processes.get(name)
        host = inventory.hosts.get(state.host) if state else None
        if not name.startswith(PREFIX) or end.password_file is None or end.address is None or end.port is None:
            continue
        if state is None or host is None or host.pid is None or not state.running:
            continue
        with Inside(host.pid) as inside:
            connection = inside.open((end.address, end.port), CONNECT_WITHIN_S)
            connection.settimeout(SWITCHOVER_TIMEOUT_S)  # it answers when the change is done, not before
            said = http.exchange(
                connection,
                "POST",
                "/switchover",
                {"leader": leader, "candidate": candidate},
                basic=(end.user, end.password_file.read_text(encoding="utf-8").strip()),
                plain=True,
                timeout_s=SWITCHOVER_TIMEOUT_S,
            )
        return str(said).strip()
    message = "no cluster manager of the range can be asked to change who leads"
    raise EnvironmentProblem("HF304", message, remedy="see whether one runs, and that the inventory names its password")
