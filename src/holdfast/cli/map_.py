"""``holdfast map``: what stands on what, drawn, and what falls if something fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from holdfast.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.types import Model
    from holdfast.report.map.condition import Conditions
    from holdfast.report.map.graph import Graph
    from holdfast.report.map.scene import By
    from holdfast.report.map.sheet import Marks

_MODEL = Path("examples/meridian")
_PAGE = Path("map.html")
_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command("map")(map_)


def map_(  # noqa: PLR0913 -- options of a command
    *,
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="Only what this service stands on.")
    ] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option("--fail", metavar="NAME", help="Fail this resource, group, site or third party; may be repeated."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Group by site, tier or owner.")] = "site",
    model: Annotated[Path, typer.Option("--model", metavar="DIR", help="The declaration.")] = _MODEL,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the map as a picture.")] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as a page to ask. [default: map.html]"),
    ] = None,
    weaknesses: Annotated[
        bool, typer.Option("--weaknesses", help="Number the critical and high weaknesses of each thing.")
    ] = False,
    log: Annotated[
        str | None,
        typer.Option("--log", metavar="LOG", help="Mark services whose tolerance this log does not approve."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print nodes, edges and states as one JSON object.")] = False,
) -> None:
    """Draw the dependency map: services on top, below them what they stand on, sites side by side.

    The page needs no network and no server: click anything to fail it and see which services fall. It shows the
    instant effect, after failovers; recovery times are not in it. What is failed with --fail is failed when it opens.
    """
    from holdfast.cli.declaration import usable_model
    from holdfast.report.map.condition import conditions
    from holdfast.report.map.graph import graph_of
    from holdfast.report.map.page import page
    from holdfast.report.map.sheet import View, story, svg_file

    declared = usable_model(model)
    view = View(_by(by), _service(declared, service))
    graph = graph_of(declared)
    found = conditions(graph, _failed(declared, fail or []))
    if as_json:
        typer.echo(json.dumps(_as_json(graph, found, view.service), ensure_ascii=False, indent=2))
    marks = _marks(declared, weaknesses=weaknesses, log=log)
    if svg is not None:
        _write(svg, svg_file(graph, found, view, marks), as_json=as_json)
    if html is not None or (svg is None and not as_json):
        _write(html or _PAGE, page(graph, found, view, marks), as_json=as_json)
    if not as_json:
        typer.echo(story(graph, found))


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
    known = _some(list(model.services))
    raise UsageError("HF940", f"expected a service of the model, got {name!r}", remedy=f"Name one of {known}.")


def _failed(model: Model, names: list[str]) -> frozenset[str]:
    """Return what is failed; HF941 for a name that cannot be failed."""
    for name in names:
        if name in model.sites or name in model.groups or name in model.resources:
            continue
        if name in model.services:
            message = f"{name!r} is a service: it cannot be failed, only what it needs"
            raise UsageError("HF941", message, remedy=f"See what it needs: holdfast map --service {name}")
        message = f"expected a resource, group, site or third party to fail, got {name!r}"
        near = _near(model, name)
        remedy = f"Did you mean {near}?" if near else "holdfast map --json lists every name."
        raise UsageError("HF941", message, remedy=remedy)
    return frozenset(names)


def _near(model: Model, name: str) -> str:
    from difflib import get_close_matches

    return " or ".join(get_close_matches(name, [*model.sites, *model.groups, *model.resources], n=2))


def _some(names: list[str]) -> str:
    """Return some of many names, and how many more there are."""
    more = len(names) - _SHOWN
    return (", ".join(names[:_SHOWN]) or "none") + (f" and {more} more" if more > 0 else "")


def _marks(model: Model, *, weaknesses: bool, log: str | None) -> Marks:
    """Return what is noted beside the declaration, as far as it was asked for."""
    from holdfast.report.map.graph import service_key
    from holdfast.report.map.sheet import Marks

    noted: dict[str, tuple[str, ...]] = {}
    if weaknesses:
        from holdfast.analysis.weakness import weaknesses as found

        for each in found(model, datetime.now(UTC).date().isoformat()):
            if each.weight in {"critical", "high"}:
                for name in each.subjects:
                    key = service_key(name) if name in model.services else name
                    noted[key] = (*noted.get(key, ()), each.message)
    if log is None:
        return Marks(noted)
    from holdfast.cli.approved import approvals_said

    said = approvals_said(model, log)
    loose = frozenset(name for name in model.services if not said.get(f"tolerance:{name}", "").startswith("approved"))
    return Marks(noted, loose)


def _write(file: Path, text: str, *, as_json: bool) -> None:
    """Write a file and say so; HF943 when it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"the map cannot be written to {file}: {error.strerror or error}"
        raise EnvironmentProblem(
            "HF943", message, remedy="Name a file in a directory that you may write to."
        ) from error
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
