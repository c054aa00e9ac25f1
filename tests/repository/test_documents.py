"""What the documents say is what there is: links, codes, rooms, decisions, commands, changes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.repository.tree import ROOT, read, texts
from tests.repository.write_commands import MAP, PAGE, drawn, render

DOCUMENTS = texts(".md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"[\"'`]((?:HF|MR)\d{3})[\"'`]")


def anchors(text: str) -> set[str]:
    """Return the fragments that the headings of a page can be linked by, as code hosts make them."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text))
    return set(titles)


def test_links_resolve() -> None:
    found = []
    for page in DOCUMENTS:
        for target in LINK.findall(FENCE.sub("", read(page))):
            name, _, fragment = target.partition("#")
            path = (ROOT / page.parent / name) if name else ROOT / page
            elsewhere = re.match(r"[a-z]+:", target)
            if not elsewhere and not (path.exists() and (not fragment or fragment in anchors(path.read_text("utf-8")))):
                found.append(f"{page}: {target}")
    assert found == []


def test_every_document_that_the_code_points_to_exists() -> None:
    named = {
        (path, name)
        for path in texts(".py", ".sql", ".yaml", ".toml", ".html", ".j2")
        for name in re.findall(r"\b(docs/[\w./-]+\.\w+)", read(path))
    }
    assert sorted(f"{path}: {name}" for path, name in named if not (ROOT / name).is_file()) == []


def test_every_document_can_be_reached_from_the_front_page() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        targets = (target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8")))
        waiting.extend((page.parent / target).resolve() for target in targets if ":" not in target)
    assert sorted(path for path in DOCUMENTS if ROOT / path not in seen) == []


def test_every_code_is_explained_and_no_other() -> None:
    used = {code for path in texts(".py") if path.parts[0] == "src" for code in CODE.findall(read(path))}
    sections = re.findall(r"^## (.*)$", read(Path("docs/errors.md")), re.MULTILINE)
    explained = [section.split(" ")[0] for section in sections]
    assert [section for section in sections if not re.fullmatch(r"(HF|MR)\d{3} \S.*", section)] == [], "without a title"
    assert explained == sorted(set(explained), key=lambda code: (code.startswith("MR"), code)), "in their order, once"
    assert sorted(used - set(explained)) == []
    assert sorted(set(explained) - used) == []


def test_the_map_names_every_room_and_no_other() -> None:
    named = set(re.findall(r"`(holdfast|meridian)/(\w+)/`", read(Path("ARCHITECTURE.md"))))
    there = {
        (path.parts[1], path.parts[2])
        for path in texts(".py")
        if path.parts[0] == "src" and path.name == "__init__.py" and len(path.parts) == 4
    }
    assert named == there


def test_every_decision_is_in_the_index_and_has_its_three_parts() -> None:
    folder = Path("docs/adr")
    listed = set(LINK.findall(read(folder / "README.md")))
    pages = [path for path in DOCUMENTS if path.parent == folder and path.name != "README.md"]
    assert {path.name for path in pages} == listed
    for page in pages:
        assert HEADING.findall(read(page))[1:4] == ["Context", "Decision", "Consequences"], page


def test_changes_not_yet_released_have_their_place() -> None:
    assert HEADING.findall(read(Path("CHANGELOG.md")))[1] == "Unreleased"


def test_the_picture_of_meridian_is_what_the_map_draws() -> None:
    assert MAP.read_text(encoding="utf-8") == drawn(), "run `make docs`"


def test_the_command_reference_is_what_help_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"
