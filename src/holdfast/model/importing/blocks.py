"""A file of a declaration taken apart into the blocks of text that its entries are, so that each stays as it is.

A block is an entry with the comment above it and everything below it up to the next. Only the reader of documents says
where an entry begins; the text is never searched for keys. What the import does not know (another section that somebody
put into the file) is kept whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.errors import Place
from holdfast.model.documents import Items, Node, Scalar, Table, compose
from holdfast.model.findings import Findings
from holdfast.model.importing.account import SECTIONS, Section
from holdfast.model.importing.assembly import flow_name
from holdfast.model.importing.facts import Plain

_LF = "\n"
_REMEDY = "Write each entry in lines of its own, below its section, or move your own entries to another file."


@dataclass(frozen=True, slots=True)
class Block:
    """One entry: its name, its text with the comment above it, its place and what it says."""

    name: str
    text: str
    place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Parts:
    """A file in parts: what stands before the first key, the sections of an import, and all others as they are."""

    header: str
    sections: Mapping[Section, tuple[Block, ...]]
    others: tuple[str, ...] = ()


NOTHING = Parts("", {})


def taken_apart(file: str, data: bytes, findings: Findings) -> Parts | None:
    """Return the parts of a file; ``None`` and findings (HF1xx of the reader, HF155) when that cannot be done."""
    mine = Findings()
    root = compose(file, data, mine)
    for finding in mine.by_place():
        findings.add(finding.severity, finding.code, finding.place, finding.message, finding.remedy)
    # Editors and version control of some systems end lines in their own way, which changes nothing that is said.
    text = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", _LF)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if mine.has_errors:
        return None
    if root is None or (isinstance(root, Scalar) and root.empty):
        return Parts("".join(lines), {})
    if not isinstance(root, Table):
        findings.error("HF155", root.place, "expected a mapping of sections", _REMEDY)
        return None
    return _parts(root, lines, findings)


def plain_of(node: Node) -> Plain:
    """Return what a node says without its places."""
    if isinstance(node, Table):
        return {key: plain_of(inner) for key, inner in node.entries.items()}
    return [plain_of(inner) for inner in node.items] if isinstance(node, Items) else node.text


def texts_of(node: Node) -> frozenset[str]:
    """Return every text that stands anywhere in a node, keys included: the names that it may refer to."""
    if isinstance(node, Scalar):
        return frozenset({node.text})
    if isinstance(node, Table):
        return frozenset(node.entries).union(*(texts_of(inner) for inner in node.entries.values()))
    return frozenset[str]().union(*(texts_of(inner) for inner in node.items))


def put_together(parts: Parts) -> str:
    """Return the text of a file: sections in their order, entries by name, everything else at the end."""
    chunks = [f"{parts.header.strip(_LF)}\n" if parts.header.strip() else ""]
    for section in SECTIONS:
        blocks = sorted(parts.sections.get(section, ()), key=lambda block: block.name)
        if blocks:
            chunks.append(f"\n{section}:\n")
            chunks += (block.text for block in blocks)
    return "".join((*chunks, *(f"\n{other}" if not other.startswith("\n") else other for other in parts.others)))


def _parts(root: Table, lines: Sequence[str], findings: Findings) -> Parts | None:
    keys = list(root.entries.items())
    starts = [_lead(lines, node.place.line - 1, 0, over_blanks=False) for _, node in keys]
    ends = [*starts[1:], len(lines)]
    sections: dict[Section, tuple[Block, ...]] = {}
    others = []
    for (key, node), start, end in zip(keys, starts, ends, strict=True):
        section = next((section for section in SECTIONS if section == key), None)
        if section is None or _is_empty(node):
            others += ["".join(lines[start:end])] if section is None else []
            continue
        blocks = _blocks(section, node, lines, end, findings)
        if blocks is None:
            return None
        # A comment above the section itself belongs to nobody: it goes with the first entry.
        above = "".join(line for line in lines[start : node.place.line - 1] if line.strip())
        sections[section] = (
            (Block(blocks[0].name, above + blocks[0].text, blocks[0].place, blocks[0].node), *blocks[1:])
            if above
            else blocks
        )
    return Parts("".join(lines[: starts[0]]) if starts else "".join(lines), sections, tuple(others))


def _blocks(
    section: Section, node: Node, lines: Sequence[str], end: int, findings: Findings
) -> tuple[Block, ...] | None:
    """Return the blocks of a section; each must begin a line of its own."""
    entries = _entries(node)
    opening = lines[node.place.line - 1].partition(":")[2].strip()
    marks = [inner.place.line - 1 for _, inner in entries]
    apart = all(before < after for before, after in zip([node.place.line - 1, *marks], marks, strict=False))
    if (opening and not opening.startswith("#")) or not apart or not _begin_lines(node, entries, lines, marks):
        message = f"expected each entry of {section} in lines of its own"
        findings.error("HF155", node.place, message, _REMEDY)
        return None
    indents = [len(lines[mark]) - len(lines[mark].lstrip(" ")) for mark in marks]
    starts = [_lead(lines, mark, indent) for mark, indent in zip(marks, indents, strict=True)]
    starts[0] = node.place.line
    return tuple(
        Block(name, "".join(lines[start:stop]).strip("\n") + "\n", inner.place, inner)
        for (name, inner), start, stop in zip(entries, starts, [*starts[1:], end], strict=True)
    )


def _begin_lines(node: Node, entries: Sequence[tuple[str, Node]], lines: Sequence[str], marks: Sequence[int]) -> bool:
    """Return whether each entry is the first thing in its line: a dash, or its key."""
    if isinstance(node, Items):
        return all(lines[mark].lstrip(" ").startswith("- ") for mark in marks)
    starts = ((name, lines[mark].lstrip(" ")) for (name, _), mark in zip(entries, marks, strict=True))
    return all(text.startswith((name, '"', "'")) for name, text in starts)


def _entries(node: Node) -> list[tuple[str, Node]]:
    """Return the entries of a section by name; a flow is named by what it says."""
    if isinstance(node, Table):
        return list(node.entries.items())
    named = []
    for item in node.items if isinstance(node, Items) else ():
        values = plain_of(item)
        named.append((flow_name(values) if isinstance(values, Mapping) else str(values), item))
    return named


def _lead(lines: Sequence[str], mark: int, indent: int, *, over_blanks: bool = True) -> int:
    """Return the first line of the comment that stands directly above a line, no deeper than ``indent``.

    Above a section an empty line ends it: what stands before that is the head of the file.
    """
    start = mark
    while start > 0:
        line = lines[start - 1]
        stripped = line.strip()
        depth = len(line) - len(line.lstrip(" "))
        if not (stripped.startswith("#") and depth <= indent) and (stripped or not over_blanks):
            break
        start -= 1
    return start


def _is_empty(node: Node) -> bool:
    if isinstance(node, Scalar):
        return node.empty
    return not (node.entries if isinstance(node, Table) else node.items)
