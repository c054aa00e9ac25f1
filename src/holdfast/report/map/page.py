"""The map as one page that needs nothing else: it answers what-ifs by click, and tells all without a script too."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from holdfast.analysis.events import dependent_suppliers
from holdfast.model.types import AllOf, AnyOf, AtLeast, Need, On
from holdfast.report import svg
from holdfast.report.map.condition import WORDS, Condition, Conditions
from holdfast.report.map.draw import drawn
from holdfast.report.map.embedded import encoded, facts
from holdfast.report.map.graph import Graph, Thing
from holdfast.report.map.marks import definitions
from holdfast.report.map.page_style import PAGE_STYLE
from holdfast.report.map.scene import By
from holdfast.report.map.script_answer import ANSWER, LISTEN
from holdfast.report.map.script_evaluate import EVALUATE
from holdfast.report.map.script_paint import FOLLOW, PAINT, TELL
from holdfast.report.map.sheet import MOMENT, Marks, View, drawing_of, legend, story, view_title, worst
from holdfast.report.map.template import PAGE

SCRIPT = f'(() => {{\n"use strict";\n{EVALUATE}{PAINT}{FOLLOW}{TELL}{ANSWER}{LISTEN}}})();\n'
# Each view is a picture of its own. A large institution has many services; those beyond are found in the whole map.
MAX_SERVICE_VIEWS = 40
_GROUPINGS: tuple[tuple[By, str], ...] = (
    ("site", "Everything, by site"),
    ("tier", "Everything, by tier"),
    ("owner", "Everything, by owner"),
)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# The page allows itself this style sheet and this script, by their digests, and nothing else at all.
POLICY = (
    f"default-src 'none'; style-src '{_digest(PAGE_STYLE)}'; script-src '{_digest(SCRIPT)}'; "
    "base-uri 'none'; form-action 'none'"
)


def _shown(value: object) -> object:
    """Return what is printed for a value: in a text nothing may hide."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else svg.visible(value)


_ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATE = _ENVIRONMENT.from_string(PAGE)


@dataclass(frozen=True, slots=True)
class _ServiceRow:
    number: int
    id: str
    title: str
    condition: Condition
    mark: Markup


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    name: str
    title: str
    what: str
    condition: Condition
    below: Markup
    above: Markup
    alone: str
    weak: tuple[str, ...]


def page(graph: Graph, conditions: Conditions, view: View, marks: Marks | None = None) -> str:
    """Return the page as HTML; it opens with ``view`` and with what is failed in ``conditions``."""
    noted = marks or Marks()
    views = _views(graph, view)
    pictures = {_value(each): _picture(graph, conditions, each, noted) for each, _, _ in views}
    told = facts(graph, noted.weaknesses, noted.unapproved) | {"failed": sorted(conditions.failed)}
    return _TEMPLATE.render(
        institution=graph.model.institution,
        policy=POLICY,
        style=Markup(PAGE_STYLE),  # noqa: S704 - constants of this package
        script=Markup(SCRIPT),  # noqa: S704 - see above
        model=Markup(encoded(told)),  # noqa: S704 - in it nothing can be taken for markup
        definitions=definitions(),
        legend=legend(),
        moment=MOMENT,
        calm=not conditions.failed,
        hidden=Markup(" hidden"),
        story=story(graph, conditions, view),
        worst=worst(conditions, graph),
        map=pictures.pop(_value(view)),
        others=list(pictures.items()),
        views=_options(views, view),
        selected=Markup(" selected"),
        services=_services(graph, conditions),
        rows=_rows(graph, conditions, noted),
        words=WORDS,
        lead="Every service, resource and group of the declaration, with what it needs in order to function and what "
        "needs it. The last column is what its own failure takes down of the important business services, "
        "reserves run out and nothing recovered.",
    )


def _views(graph: Graph, opening: View) -> list[tuple[View, str, str]]:
    """Return the views of the page, each with its group and its name in the list: groupings only where they differ."""
    resources = graph.model.resources.values()
    there = {
        "site": True,
        "tier": any(resource.tier for resource in resources),
        "owner": any(resource.owner for resource in resources),
    }
    found = [(View(by), "Everything", name) for by, name in _GROUPINGS if there[by] or by == opening.by]
    found += [
        (View(opening.by, name), "Only what one service stands on", service.title)
        for name, service in islice(graph.model.services.items(), MAX_SERVICE_VIEWS)
    ]
    if opening not in [view for view, _, _ in found]:
        found.append((opening, "Only what one service stands on", view_title(graph, opening)))
    return found


def _options(views: Iterable[tuple[View, str, str]], opening: View) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return the list of views for the page, by group."""
    groups: dict[str, list[tuple[str, str, bool]]] = {}
    for view, group, name in views:
        groups.setdefault(group, []).append((_value(view), name, view == opening))
    return list(groups.items())


def _value(view: View) -> str:
    """Return what a view is called in the page's address."""
    return view.by if view.service is None else f"service/{view.service}"


def _picture(graph: Graph, conditions: Conditions, view: View, marks: Marks) -> Markup:
    """Return one view as an SVG element; its shapes are defined once, by the page."""
    drawing = drawing_of(graph, conditions, view, marks, _row_link)
    width, height = drawing.layout.width, drawing.layout.height
    return svg.tag(
        "svg",
        drawn(drawing),
        viewBox=f"0 0 {svg.number(width)} {svg.number(height)}",
        width=width,
        height=height,
        class_="map",
        role="group",
        aria_label=view_title(graph, view),
    )


def _row_link(node: str) -> str:
    """Return where a node's link leads without a script: to its row, a pile's or a site's to the table."""
    return f"#t{node[1:]}" if node.startswith("n") else "#table"


def _services(graph: Graph, conditions: Conditions) -> list[_ServiceRow]:
    """Return the services for the panel."""
    rows = []
    for number, thing in enumerate(graph.things.values()):
        if thing.sort == "service":
            condition = conditions.things[thing.key]
            rows.append(_ServiceRow(number, f"t{number}", thing.title, condition, _dot(condition)))
    return rows


def _dot(condition: Condition) -> Markup:
    return svg.tag(
        "svg", svg.tag("use", href=f"#mark-{condition}"), class_="dot map", viewBox="-8 -8 16 16", aria_hidden="true"
    )


def _rows(graph: Graph, conditions: Conditions, marks: Marks) -> list[_Row]:
    """Return the rows of the table."""
    numbers = {key: number for number, key in enumerate(graph.things)}
    above: dict[str, list[str]] = {}
    for edge in graph.edges:
        above.setdefault(edge.target, []).append(edge.source)
    return [
        _Row(
            id=f"t{number}",
            name=thing.name,
            title=thing.title,
            what=_what(graph, thing, marks),
            condition=conditions.things[thing.key],
            below=_below(graph, thing, numbers),
            above=_joined([_link(graph, numbers, key) for key in dict.fromkeys(above.get(thing.key, ()))]),
            alone=_alone(graph, thing),
            weak=marks.weaknesses.get(thing.key, ()),
        )
        for number, thing in enumerate(graph.things.values())
    ]


def _what(graph: Graph, thing: Thing, marks: Marks) -> str:
    """Return what a thing is, where it stands and whose it is, and of a service whether nobody approved how long."""
    kind = f"{thing.kind} group" if thing.sort == "group" else thing.kind
    site = graph.model.sites.get(thing.site) if thing.site is not None else None
    loose = "tolerance unapproved" if thing.sort == "service" and thing.name in marks.unapproved else None
    return ", ".join(word for word in (kind, site.title if site is not None else None, thing.owner, loose) if word)


def _below(graph: Graph, thing: Thing, numbers: Mapping[str, int]) -> Markup:
    """Return what a thing needs, in words: of a service by mode, of a group with how many of its members."""
    model = graph.model
    if thing.sort == "service":
        parts = []
        for mode in model.services[thing.name].modes:
            needs = _needs(graph, mode.needs, numbers)
            parts.append(Markup("<b>{}</b>: {}").format(svg.visible(mode.name), needs))
        return Markup("; ").join(parts)
    if thing.sort == "group":
        members = _joined([_link(graph, numbers, key) for key in thing.members])
        counted = Markup("{} of ({})").format(thing.enough, members)
        more = _needs(graph, model.groups[thing.name].needs, numbers)
        return Markup("; ").join((counted, more)) if more else counted
    below = _needs(graph, model.resources[thing.name].needs, numbers)
    supplier = model.resources[thing.name].supplier
    if supplier is not None and supplier.subcontracts:
        contracts = _joined([_link(graph, numbers, key) for key in supplier.subcontracts])
        below = Markup("{}{}subcontracts to {}").format(below, "; " if below else "", contracts)
    return below


def _needs(graph: Graph, need: Need, numbers: Mapping[str, int]) -> Markup:
    """Return a need in words."""
    match need:
        case On(name):
            return _link(graph, numbers, name)
        case AllOf(of):
            return _joined([_needs(graph, part, numbers) for part in of])
        case AnyOf(of):
            return Markup("one of ({})").format(_joined([_needs(graph, part, numbers) for part in of]))
        case AtLeast(enough, of):
            return Markup("{} of ({})").format(enough, _joined([_needs(graph, part, numbers) for part in of]))


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup(", ").join(parts)


def _link(graph: Graph, numbers: Mapping[str, int], key: str) -> Markup:
    return svg.tag("a", graph.things[key].title, href=f"#t{numbers[key]}")


def _alone(graph: Graph, thing: Thing) -> str:
    """Return which services the failure of one thing takes down; of a service nothing, because it cannot be failed."""
    if thing.sort == "service":
        return ""
    names = {thing.key, *thing.members}
    names |= dependent_suppliers(graph.model, frozenset(names))
    down = graph.circuit.down(graph.circuit.nodes[name] for name in names)
    fallen = [service.title for name, service in graph.model.services.items() if graph.circuit.services[name] in down]
    if len(fallen) == len(graph.model.services) > 1:
        return "every service"
    return ", ".join(fallen) or "no service"
