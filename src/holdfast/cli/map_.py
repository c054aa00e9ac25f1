"""``holdfast map``: what stands on what, drawn, and what falls if something fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from holdfast.cli.options import Approvals, AsJson, Named, On, day_meant
from holdfast.cli.terminal import print_json, write
from holdfast.errors import UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from collections.abc import Iterable

    from holdfast.model.types import Model
    from holdfast.report.map.condition import Conditions
    from holdfast.report.map.graph import Graph
    from holdfast.report.map.scene import By
    from holdfast.report.map.sheet import Marks

_PAGE = Path("map.html")


def map_(  # noqa: PLR0913 -- options of a command
    path: Named = None,
    *,
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="Only what this service stands on.")
    ] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option("--fail", metavar="NAME", help="Fail this resource, group, site or third party; may be repeated."),
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="site|tier|owner", help="What the bands are.")] = "site",
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the map as a picture.")] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as a page to ask. [default: map.html]"),
    ] = None,
    weaknesses: Annotated[
        bool, typer.Option("--weaknesses", help="Number the critical and high weaknesses of each thing.")
    ] = False,
    on: On = None,
    log: Approvals = None,
    as_json: AsJson = False,
) -> None:
    """Draw the dependency map: services on top, below them what they stand on, sites side by side.

    The page needs no network and no server: click anything to fail it and see which services fall. It shows what is
    left after failovers, with batteries and other reserves run out and nothing recovered. What is failed with --fail is
    failed when it opens. Services whose tolerance the log does not approve are marked.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.report.map.condition import conditions
    from holdfast.report.map.graph import graph_of
    from holdfast.report.map.page import page
    from holdfast.report.map.sheet import View, story, svg_file

    declared = usable_model(named_or_usual(path))
    view = View(_by(by), _service(declared, service))
    graph = graph_of(declared)
    found = conditions(graph, _failed(declared, fail or []))
    if as_json:
        print_json(_as_json(graph, found, view.service))
    if html is None and svg is None and not as_json:
        html = _PAGE
    if html is not None or svg is not None:
        marks = _marks(declared, day_meant(on) if weaknesses else None, log)
        if svg is not None:
            _write(svg, svg_file(graph, found, view, marks), as_json=as_json)
        if html is not None:
            _write(html, page(graph, found, view, marks), as_json=as_json)
    if not as_json:
        typer.echo(story(graph, found, view))


def _by(word: str) -> By:
    """Return the grouping that was asked for; HF942 when there is none of that name."""
    from holdfast.report.map.scene import By

    groupings: tuple[By, ...] = get_args(By)
    for grouping in groupings:
        if grouping == word:
            return grouping
    message = f"expected a grouping, one of {', '.join(groupings)}, got {word!r}"
    raise UsageError("HF942", message, remedy="Say --by site, --by tier or --by owner.")


def _service(model: Model, name: str | None) -> str | None:
    """Return the service to focus on; HF940 when the model has none of that name."""
    if name is None or name in model.services:
        return name
    near = _near(name, model.services)
    raise UsageError("HF940", f"expected a service of the model, got {name!r}", remedy=near)


def _failed(model: Model, names: list[str]) -> frozenset[str]:
    """Return what is failed; HF941 for a name that cannot be failed."""
    for name in names:
        if name in model.sites or name in model.groups or name in model.resources:
            continue
        if name in model.services:
            message = f"{name!r} is a service: it cannot be failed, only what it needs"
            raise UsageError("HF941", message, remedy=f"See what it needs: holdfast map --service {name}")
        message = f"expected a resource, group, site or third party to fail, got {name!r}"
        raise UsageError("HF941", message, remedy=_near(name, [*model.sites, *model.groups, *model.resources]))
    return frozenset(names)


def _near(name: str, known: Iterable[str]) -> str:
    """Return a remedy for a name that is none of ``known``."""
    from difflib import get_close_matches

    near = " or ".join(get_close_matches(name, sorted(known), n=2))
    return f"Did you mean {near}?" if near else "holdfast map --json lists every name."


def _marks(model: Model, day: str | None, log: str | None) -> Marks:
    """Return what is unapproved by a log, and the weaknesses on a day, if there is one."""
    from holdfast.cli.approved import standings
    from holdfast.report.map.graph import service_key
    from holdfast.report.map.sheet import Marks

    approved = standings(model, log)
    noted: dict[str, tuple[str, ...]] = {}
    if day is not None:
        from holdfast.analysis.weakness import weaknesses as found

        for each in found(model, day, approved):
            if each.weight in {"critical", "high"}:
                for name in each.subjects:
                    key = service_key(name) if name in model.services else name
                    noted[key] = (*noted.get(key, ()), each.message)
    # What no log approves is unapproved, also where there is no log.
    said = approved or {}
    loose = (name for name in model.services if said.get(f"tolerance:{name}") != "approved")
    return Marks(noted, frozenset(loose))


def _write(file: Path, text: str, *, as_json: bool) -> None:
    """Write a file and say so; HF922 when it cannot be written."""
    write(file, text)
    if not as_json:
        typer.echo(f"map: {file}")


def _as_json(graph: Graph, found: Conditions, service: str | None) -> dict[str, object]:
    """Return nodes, edges and states for programs; of a service only what it stands on."""
    from holdfast.report.map.condition import WORDS
    from holdfast.report.map.graph import service_key, standing_on

    keys = frozenset(graph.things) if service is None else standing_on(graph, frozenset({service_key(service)}))
    things = [thing for thing in graph.things.values() if thing.key in keys]
    return {
        "institution": graph.model.institution,
        "model": graph.model.digest,
        "failed": sorted(found.failed),
        "sites": [
            {"name": name, "title": site.title, "state": WORDS[found.sites[name]]}
            for name, site in graph.model.sites.items()
        ],
        "nodes": [
            {
                "sort": thing.sort,
                "name": thing.name,
                "title": thing.title,
                "kind": thing.kind,
                "site": thing.site,
                "owner": thing.owner,
                "tier": thing.tier,
                "state": WORDS[found.things[thing.key]],
            }
            for thing in things
        ],
        "edges": [
            {
                "from": graph.things[edge.source].name,
                "to": graph.things[edge.target].name,
                "of": graph.things[edge.source].sort,
                "bond": edge.bond,
                "one_of_several": edge.alternative,
                "loss_passes": position in found.carried,
            }
            for position, edge in enumerate(graph.edges)
            if edge.source in keys and edge.target in keys
        ],
    }
