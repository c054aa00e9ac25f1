"""Reading what was drawn: strict parsers for the picture and for the page."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
_VOID = {"meta", "br", "input"}


def picture(text: str) -> ET.Element:
    """Return an SVG file as a tree; it must be well-formed XML."""
    return ET.fromstring(text)  # noqa: S314 - the text was just made here


def links(tree: ET.Element) -> list[ET.Element]:
    """Return every link of a picture."""
    return list(tree.iter(f"{SVG}a"))


class Page(HTMLParser):
    """A page, refused if an element is not closed where it must be, or an id stands twice."""

    def __init__(self, text: str) -> None:
        """Read a page to its end."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.ids: list[str] = []
        self._open: list[str] = []
        self._templates = 0
        self.feed(text)
        self.close()
        assert self._open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)
            self._templates += tag == "template"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if not self._templates:
            self.ids += [str(value) for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag
        self._templates -= tag == "template"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in self.raw:
            self.raw[self._open[-1]].append(data)
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that can be read on it, with single spaces."""
        return " ".join(" ".join(self.texts).split())
