"""What the script of the page knows: the circuit and what the panel tells, as JSON that cannot leave its element."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from holdfast.analysis.events import dependent_suppliers
from holdfast.report import svg
from holdfast.report.map.condition import WORDS
from holdfast.report.map.graph import Graph, Thing


def facts(
    graph: Graph, weaknesses: Mapping[str, tuple[str, ...]], unapproved: AbstractSet[str] = frozenset()
) -> dict[str, object]:
    """Return the circuit, things, sites and edges by their positions: those of things and edges are the graph's.

    ``gates`` are [fails at, child, …]. A thing is {k: key, n: name, t: title, s: sort, d: kind, g: gate, m: members,
    e: how many of them must function, h: site, o: owner, r: tier, q: its weaknesses in sentences, w: modes of a
    service, best first, as [gate, meets the minimum], u: whether nobody approved its tolerance, x: who falls with it
    by contract}; what is empty is left out.
    An edge is [source, target, bond, alternative, chain, …].
    """
    at = {key: position for position, key in enumerate(graph.things)}
    model = graph.model
    return {
        "gates": [[gate.fails_at, *gate.children] for gate in graph.circuit.gates],
        "never": list(graph.circuit.never),
        "things": [
            _thing(graph, thing, at, weaknesses.get(thing.key, ()), loose=thing.name in unapproved)
            for thing in graph.things.values()
        ],
        "sites": [
            {
                "n": name,
                "t": svg.visible(site.title),
                "m": [at[key] for key, resource in model.resources.items() if resource.site == name],
            }
            for name, site in model.sites.items()
        ],
        "edges": [
            [at[edge.source], at[edge.target], edge.bond, int(edge.alternative), *map(list, edge.chains)]
            for edge in graph.edges
        ],
        "words": dict(WORDS),
    }


def _thing(
    graph: Graph, thing: Thing, at: Mapping[str, int], weak: tuple[str, ...], *, loose: bool
) -> dict[str, object]:
    """Return what is told of one thing."""
    told: dict[str, object] = {
        "k": thing.key,
        "n": thing.name,
        "t": thing.title,
        "s": thing.sort,
        "d": thing.kind,
        "h": None if thing.site is None else graph.model.sites[thing.site].title,
        "o": thing.owner,
        "r": thing.tier,
        "e": thing.enough,
        "m": [at[key] for key in thing.members],
        "q": [svg.visible(sentence) for sentence in weak],
    }
    shown = {key: svg.visible(value) if isinstance(value, str) else value for key, value in told.items() if value}
    if thing.sort == "service":
        service = graph.model.services[thing.name]
        modes = [[graph.circuit.modes[service.name, mode.name], int(mode.meets_minimum)] for mode in service.modes]
        return {**shown, "w": modes, **({"u": 1} if loose else {})}
    also = dependent_suppliers(graph.model, frozenset({thing.key}))
    contract = {"x": sorted(at[key] for key in also)} if also else {}
    return {**shown, "g": graph.circuit.nodes[thing.key], **contract}


def encoded(value: object) -> str:
    """Return a value as JSON in which nothing can end the element around it or be taken for markup."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
