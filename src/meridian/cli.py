"""``up``, ``down``, ``status``, ``shell``, ``fetch-etcd``. Progress goes to standard error, results to standard output.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 this machine cannot.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from meridian import binaries, control, entitlements, shell
from meridian.control import Keeper, View
from meridian.errors import MachineCannot, MeridianError
from meridian.network import policy as allowed
from meridian.stack.readiness import Standing
from meridian.topology import HOSTS

READY_TIMEOUT_S = 90.0
LOOK_EVERY_S = 0.1

app = typer.Typer(
    name="meridian",
    help="Meridian Clearing Bank N.V.: the reference institution that really runs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Option("--name", help="Name of the range; several run side by side.")]
Directory = Annotated[Path | None, typer.Option("--dir", help="Directory of the range, instead of a name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> int:
    """Run the command line and return its exit status; an error is shown as its line and its remedy."""
    # Whoever ends this program in the middle of something wants that undone, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app(standalone_mode=True)
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 1
    return 0


class _Progress:
    """Lines on standard error, each with the seconds since the start; a line is said once."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._said: set[str] = set()

    def say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            sys.stderr.write(f"{time.monotonic() - self._start:6.1f} s  {line}\n")
            sys.stderr.flush()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._start


@app.command()
def up(  # noqa: PLR0913 - options of a command
    name: Name = control.DEFAULT_NAME,
    directory: Directory = None,
    profile: Annotated[str, typer.Option(help="Settings of the database stack.")] = "fast",
    client: Annotated[str, typer.Option(help="How the settlement service asks its ledger: safe or naive.")] = "safe",
    rate: Annotated[int, typer.Option(min=0, max=2000, help="Instructions that all banks offer a second.")] = 20,
    policy: Annotated[Path | None, typer.Option(help="Compiled policy to enforce instead of the range's own.")] = None,
    wait: Annotated[Literal["armed", "acknowledged", "keeper"], typer.Option(help="What to wait for.")] = "armed",
    isolation: Annotated[
        Literal["auto", "namespaces", "loopback"],
        typer.Option(envvar="MERIDIAN_ISOLATION", help="What keeps hosts apart; auto: namespaces where allowed."),
    ] = "auto",
    *,
    as_json: AsJson = False,
) -> None:
    """Boot the range; return when it is armed."""
    if client not in {"safe", "naive"}:
        raise typer.BadParameter(f"safe or naive, got {client!r}", param_hint="--client")
    place = (directory or control.directory_of(name)).absolute()
    progress = _Progress()
    given = "" if policy is None else allowed.text_of(policy)
    settings = control.new_settings(place.name if directory else name, profile, client, rate, given, isolation)
    progress.say(f"booting in {place}: {settings.mode}, profile {profile}, {client} client")
    if settings.why:
        progress.say(f"no namespaces: {settings.why}")
    etcd = binaries.etcd().facts()
    progress.say(f"etcd {etcd['version']} ({etcd['from']}): {etcd['note']}")
    control.start(place, settings)
    with control.ended_on_failure(place):
        for why in Keeper(place).inventory()["cannot"].values():
            progress.say(why)
        progress.say("network and hosts are up")
        if wait != "keeper":
            _wait(place, progress, armed=wait == "armed")
        inventory = Keeper(place).inventory()
    (place / "inventory.json").write_text(json.dumps(inventory, indent=1), encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps({"elapsed_ms": round(progress.elapsed_s * 1000), "inventory": inventory}) + "\n")
    else:
        sys.stdout.write(f"{place}\n")


def _wait(place: Path, progress: _Progress, *, armed: bool) -> None:
    """Wait, saying each thing that is reached. Raise MR113 with what is still missing when it takes too long."""
    view = View(place)
    standing = view.standing()
    while progress.elapsed_s < READY_TIMEOUT_S:
        if not control.alive(place):
            raise MeridianError("MR112", "the keeper has ended", remedy=f"the reason is in {place}/keeper.log")
        standing = view.standing()
        _say_reached(standing, progress)
        acknowledged = view.acknowledged()
        if acknowledged:
            progress.say("first acknowledgement, durable at two sites")
        if standing.armed:
            progress.say("armed: three copies, the next loss is survivable")
        if acknowledged and (standing.armed or not armed):
            return
        time.sleep(LOOK_EVERY_S)
    missing = list(standing.missing()) or ["no bank has an acknowledgement"]
    raise MeridianError(
        "MR113",
        f"not ready after {READY_TIMEOUT_S:.0f} s: {'; '.join(missing)}",
        remedy="a busy machine needs longer; `up --wait keeper` leaves a range that is not ready, with its logs",
    )


def _say_reached(standing: Standing, progress: _Progress) -> None:
    if len(standing.etcd_healthy) == sum(1 for host in HOSTS if host.startswith("db-")):
        progress.say("etcd: three healthy members")
    if standing.primary:
        progress.say(f"ledger: {standing.primary} is the primary")
    if standing.writable:
        progress.say("ledger: a second copy streams, commits are durable at two sites")


@app.command()
def down(name: Name = control.DEFAULT_NAME, directory: Directory = None) -> None:
    """End the range; nothing of it is left."""
    place = (directory or control.directory_of(name)).absolute()
    if not control.stop(place):
        sys.stderr.write(f"no range in {place}\n")


@app.command()
def status(name: Name = control.DEFAULT_NAME, directory: Directory = None, *, as_json: AsJson = False) -> None:
    """Show what runs and what is missing."""
    place = (directory or control.directory_of(name)).absolute()
    inventory = Keeper(place).inventory()
    view = View(place)
    standing = view.standing()
    health = {**standing.facts(), "acknowledged": view.acknowledged()}
    if as_json:
        sys.stdout.write(json.dumps({"inventory": inventory, "health": health}) + "\n")
        return
    sys.stdout.write("\n".join(_status_lines(inventory, standing)) + "\n")


def _status_lines(inventory: dict[str, Any], standing: Standing) -> list[str]:
    """Return the status for a terminal."""
    lines = [
        f"{inventory['dir']}  {inventory['mode']}  profile {inventory['profile']}  {inventory['client']} client",
        inventory["isolation"]["note"],
        *([f"no namespaces: {inventory['isolation']['why']}"] if inventory["isolation"]["why"] else []),
        *inventory["cannot"].values(),
        "",
        f"{'site':<14}{'host':<10}{'process':<22}{'pid':>8}  {'account':<16}state",
    ]
    for host, facts in inventory["hosts"].items():
        own = [(name, each) for name, each in inventory["processes"].items() if each["host"] == host]
        for name, each in own or [("-", {"pid": None, "account": "-", "running": False})]:
            state = "runs" if each["running"] else ("down" if facts["powered"] else "host is off")
            lines.append(
                f"{facts['site']:<14}{host:<10}{name:<22}{each['pid'] or '-':>8}  {each['account']:<16}{state}"
            )
    links = inventory["links"]
    down_links = [name for name, link in links.items() if not link["up"]]
    lines += [
        "",
        f"links: {len(links) - len(down_links)} up" + (f", down: {', '.join(down_links)}" if down_links else ""),
    ]
    lines += [f"cuts: {', '.join(inventory['cuts']) or 'none'}"]
    impaired = {name: ", ".join(link["impaired"]) for name, link in links.items() if link["impaired"]}
    lines += [f"{name} is impaired by {by}" for name, by in impaired.items()]
    lines += [f"missing: {phrase}" for phrase in standing.missing()] or ["armed"]
    return lines


@app.command()
def policy(
    states: Annotated[list[str] | None, typer.Argument(help="What is allowed in: normal, degraded, recovery.")] = None,
    by: Annotated[str, typer.Option(help="Who asks for the change; it is written down.")] = "",
    name: Name = control.DEFAULT_NAME,
    directory: Directory = None,
) -> None:
    """Show what is allowed, or change it: `policy normal recovery --by NAME` opens the clean room; `normal` shuts."""
    keeper = Keeper((directory or control.directory_of(name)).absolute())
    if states:
        keeper.ask("policy", states=states, by=by)
    found = keeper.inventory()["segmentation"]
    for change in found["changes"]:
        at = datetime.fromtimestamp(change["at_utc_us"] / 1_000_000, UTC)
        sys.stdout.write(f"{at:%H:%M:%S} UTC  {', '.join(change['states'])}, asked by {change['by']}\n")
    now = ", ".join(found["states"]) if found["enforced"] else "everything: nothing is filtered"
    sys.stdout.write(f"allowed now: {now}\n")


@app.command("entitlements")
def try_entitlements(
    name: Name = control.DEFAULT_NAME, directory: Directory = None, *, as_json: AsJson = False
) -> None:
    """Try to alter what nobody may alter, from inside the range; exit status 1 if any of it is not refused."""
    place = (directory or control.directory_of(name)).absolute()
    inventory = Keeper(place).inventory()
    if why := inventory["cannot"].get("network"):
        raise MachineCannot("MR121", why, remedy="try it where namespaces are allowed")
    results = entitlements.tried(inventory, entitlements.attempts(place))
    if as_json:
        rows = [
            {"by": each.attempt.by, "what": each.attempt.what, "verdict": each.verdict, "observed": each.observed}
            for each in results
        ]
        sys.stdout.write(json.dumps(rows) + "\n")
    else:
        for each in results:
            sys.stdout.write(f"{each.verdict:<9}{each.attempt.by:<14}{each.attempt.what}\n{'':<23}{each.observed}\n")
        wrong = sum(not each.as_it_must_be for each in results)
        sys.stdout.write(f"{len(results)} attempts, {wrong} not as they must be\n")
    if not all(each.as_it_must_be for each in results):
        raise typer.Exit(1)


@app.command("shell", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def open_shell(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="A host or a process.")],
    name: Name = control.DEFAULT_NAME,
    directory: Directory = None,
) -> None:
    """Run a command (after --) or a shell on a host, as the account that its servers have."""
    place = (directory or control.directory_of(name)).absolute()
    inventory = Keeper(place).inventory()
    raise typer.Exit(shell.run(inventory, target, context.args))


@app.command("fetch-etcd")
def fetch_etcd() -> None:
    """Get Debian's etcd without installing it, where apt is there and no sound etcd is."""
    sys.stdout.write(binaries.fetch_etcd() + "\n")
