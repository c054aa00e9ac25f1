"""The page in a browser: what a click paints is what ``--fail`` draws, and keys, search and panel do what they say."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from holdfast.model.types import Model
from holdfast.report.map.condition import conditions
from holdfast.report.map.graph import graph_of
from holdfast.report.map.page import POLICY, page
from holdfast.report.map.sheet import View, story, svg_file
from tests.holdfast.report.map.institution import cases, institution
from tests.holdfast.report.map.reading import SVG, links, picture

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="not run: there is no browser on this machine to open the page")
TIMEOUT_S = 120
HOSTILE = "</title></svg><script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"

# What a user does, by the events of a browser. The page's policy is taken away, because it forbids just this.
DRIVE = """
const told = () => document.getElementById("told").textContent;
const press = (key, on) => (on || document.activeElement || document.body).dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
const fail = (names) => {
  history.replaceState(null, "", "#fail=" + names.map(encodeURIComponent).join(","));
  dispatchEvent(new HashChangeEvent("hashchange"));
};
const seen = () => {
  const svg = document.querySelector("#stage svg");
  return {
    story: told(),
    nodes: Object.fromEntries([...svg.querySelectorAll("a")].map((a) => [a.id, [a.getAttribute("class"),
      a.getAttribute("aria-label"), [...a.querySelectorAll("use")].map((use) => use.getAttribute("href")),
      [...a.querySelectorAll("text")].map((text) => text.textContent).join("")]])),
    lines: [...svg.querySelectorAll("path[data-l]")].map((path) => path.dataset.l + " " + path.getAttribute("class")),
  };
};
const found = {painted: CASES.map((names) => { fail(names); return seen(); })};
const search = document.getElementById("search");
const host = document.querySelector("#stage a.resource");
fail(["dc-0a"]);
found.failing = told();
search.focus();
search.value = "store-0-0";
search.dispatchEvent(new Event("input"));
found.first = document.querySelector("#found li").textContent;
press("Escape", search);
found.afterSearch = told();
press("Escape", document.body);
found.afterEscape = told();
const pointer = (type, x) => host.dispatchEvent(new PointerEvent(type,
  {bubbles: true, cancelable: true, button: 0, pointerType: "mouse", clientX: x, clientY: 300}));
pointer("pointerdown", 300);
pointer("pointermove", 340);
pointer("pointerup", 340);
host.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, detail: 1}));
found.afterDrag = told();
host.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, detail: 0}));
found.afterKey = told();
found.panel = document.getElementById("about").textContent;
press("Escape", document.body);
found.closed = [document.getElementById("panel").hidden, told() === found.afterKey];
fail(["dc-0a"]);
document.getElementById("view").value = "service/service-1";
document.getElementById("view").dispatchEvent(new Event("change"));
found.focused = told();
found.ran = window.ran || 0;
const answer = document.createElement("pre");
answer.id = "answer";
answer.textContent = JSON.stringify(found);
document.body.append(answer);
"""

Seen = dict[str, object]


@pytest.fixture(scope="module")
def model() -> Model:
    made = institution(40)
    desk = replace(made.resources["desk-0"], title=HOSTILE)
    return replace(made, resources={**made.resources, "desk-0": desk})


@pytest.fixture(scope="module")
def asked(model: Model) -> list[list[str]]:
    return [sorted(names) for names in cases(model)] + [["dc-0a", "dc-0b"]]


@pytest.fixture(scope="module")
def found(model: Model, asked: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return what the browser showed, case by case."""
    assert BROWSER is not None
    folder = tmp_path_factory.mktemp("browser")
    graph = graph_of(model)
    text = page(graph, conditions(graph), View())
    driven = text.replace(html.escape(POLICY, quote=True).replace("&#x27;", "&#39;"), "default-src 'unsafe-inline'")
    assert driven != text
    script = DRIVE.replace("CASES", json.dumps(asked))
    (folder / "map.html").write_text(driven.replace("</body>", f"<script>{{{script}}}</script></body>"), "utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"]
    options.append(f"--user-data-dir={folder / 'profile'}")
    command = [BROWSER, *options, "--dump-dom", (folder / "map.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S).stdout
    answer = re.search(r'<pre id="answer">(.*?)</pre>', shown, re.DOTALL)
    assert answer is not None, shown[-2000:]
    told: Seen = json.loads(html.unescape(answer[1]))
    return told


def drawn(model: Model, failed: list[str]) -> Seen:
    """Return what is drawn when these are failed on the command line."""
    graph = graph_of(model)
    after = conditions(graph, frozenset(failed))
    tree = picture(svg_file(graph, after, View()))
    return {
        "story": story(graph, after),
        "nodes": {
            link.get("id"): [
                link.get("class"),
                link.get("aria-label"),
                [use.get("href") for use in link.iter(f"{SVG}use")],
                "".join("".join(text.itertext()) for text in link.iter(f"{SVG}text")),
            ]
            for link in links(tree)
        },
        "lines": sorted(
            f"{path.get('data-l')} {path.get('class')}" for path in tree.iter(f"{SVG}path") if path.get("data-l")
        ),
    }


def test_what_the_browser_paints_is_what_the_command_draws(model: Model, asked: list[list[str]], found: Seen) -> None:
    painted = found["painted"]
    assert isinstance(painted, list)
    for names, seen in zip(asked, painted, strict=True):
        assert {**seen, "lines": sorted(seen["lines"])} == drawn(model, names), names


def test_escape_closes_first_and_only_then_brings_everything_back(found: Seen) -> None:
    assert str(found["failing"]).startswith("If Data centre 0A failed: ")
    assert found["afterSearch"] == found["failing"]
    assert str(found["afterEscape"]).startswith("Nothing is failed.")
    assert found["closed"] == [True, True]


def test_a_drag_is_no_click_and_a_key_after_a_drag_is_one(found: Seen) -> None:
    assert str(found["afterDrag"]).startswith("Nothing is failed.")
    assert str(found["afterKey"]).startswith("If ")
    assert "Without what else is failed now" not in str(found["panel"])


def test_of_one_service_it_says_how_that_stands(model: Model, found: Seen) -> None:
    graph = graph_of(model)
    told = story(graph, conditions(graph, frozenset({"dc-0a"})), View("site", "service-1"))
    assert found["focused"] == told
    assert told.endswith(f". {model.services['service-1'].title}: available.")


def test_what_is_called_exactly_so_is_found_first(model: Model, found: Seen) -> None:
    assert str(found["first"]) == f"{model.groups['store-0-0'].title}store-0-0 · database group"


def test_no_title_runs_as_a_script(found: Seen) -> None:
    assert found["ran"] == 0
