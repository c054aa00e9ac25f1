"""The network's segments and allowed flows, and what is known of dependencies beyond their declaration."""

from __future__ import annotations

from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.types import Edge, Flow, FlowState, Seen, Segment


def read_segment(reading: Reading, name: str, node: Node) -> Segment:
    """Return one part of the network whose members are treated alike."""
    fields = Fields(reading, node, keys.SEGMENT, f"segment {shown(name)}")
    return Segment(name, fields.optional_text("title") or name)


def read_flow(reading: Reading, node: Node) -> Flow:
    """Return who may talk to whom."""
    fields = Fields(reading, node, keys.FLOWS, "a flow")
    fields.some("states")
    return Flow(
        source=fields.name("from", "endpoint"),
        target=fields.name("to", "endpoint"),
        port=fields.optional_number("port"),
        protocol="udp" if fields.word("protocol") == "udp" else "tcp",
        states=cast("tuple[FlowState, ...]", fields.words("states")),
    )


def read_edge(reading: Reading, node: Node) -> Edge:
    """Return what is known of one dependency."""
    fields = Fields(reading, node, keys.EDGES, "an edge")
    edge = Edge(
        source=fields.name("from", "dependent"),
        target=fields.name("to", "node"),
        seen=cast("Seen", fields.word("seen")),
        on=fields.date("on"),
        by=fields.text("by"),
    )
    if fields.sound("from", "to") and edge.source == edge.target:
        fields.error("HF142", "to", f"expected two ends, got {shown(edge.source)} at both", "Name what it leads to.")
    return edge
