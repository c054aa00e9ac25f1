"""The what-if in the page answers as the analysis does: on random models, the script run by node against Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.cli.declaration import usable_model
from holdfast.report.map.condition import conditions
from holdfast.report.map.embedded import encoded, facts
from holdfast.report.map.graph import Graph, graph_of
from holdfast.report.map.page import SCRIPT
from holdfast.report.map.script_evaluate import EVALUATE
from tests.holdfast.report.map.institution import cases, failures, institution, models, three_ways
from tests.repository.tree import ROOT

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="not run: there is no node on this machine to run the script")
# A line is a model, or what failed in the last one.
ANSWER = """
let model = null;
require("readline").createInterface({input: process.stdin}).on("line", (line) => {
  const told = JSON.parse(line);
  if (told.gates) model = told;
  else console.log(JSON.stringify(evaluate(model, told)));
});
"""


class Script:
    """The script, running; one question a line."""

    def __init__(self, asked: IO[str], answers: IO[str]) -> None:
        """Take both ends."""
        self._asked, self._answers = asked, answers
        self._graph: Graph | None = None

    def ask(self, graph: Graph, failed: frozenset[str]) -> dict[str, list[str | None]]:
        """Return what the script says of a model in which ``failed`` failed."""
        if graph is not self._graph:
            self._asked.write(f"{encoded(facts(graph, {}))}\n")
            self._graph = graph
        keys, sites = list(graph.things), list(graph.model.sites)
        told = {
            "things": [keys.index(name) for name in failed if name not in sites],
            "sites": [sites.index(name) for name in failed if name in sites],
        }
        self._asked.write(f"{json.dumps(told)}\n")
        self._asked.flush()
        answer: dict[str, list[str | None]] = json.loads(self._answers.readline())
        return answer


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    assert NODE is not None
    with subprocess.Popen(
        [NODE, "-e", EVALUATE + ANSWER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield Script(running.stdin, running.stdout)


def expected(graph: Graph, failed: frozenset[str]) -> dict[str, list[str | None]]:
    found = conditions(graph, failed)
    return {
        "things": [found.things[key] for key in graph.things],
        "sites": [found.sites[name] for name in graph.model.sites],
        "edges": [found.carried.get(at) for at in range(len(graph.edges))],
    }


@needs_node
@given(data=st.data())
def test_the_page_and_the_analysis_say_the_same(script: Script, data: st.DataObject) -> None:
    graph = graph_of(data.draw(models()))
    failed = data.draw(failures(graph.model))
    assert script.ask(graph, failed) == expected(graph, failed)


@needs_node
def test_they_say_the_same_of_a_whole_institution(script: Script) -> None:
    graph = graph_of(institution(120))
    for failed in cases(graph.model):
        assert script.ask(graph, failed) == expected(graph, failed)


@needs_node
def test_they_say_the_same_of_every_single_failure_at_meridian(script: Script) -> None:
    model = usable_model(ROOT / "examples" / "meridian")
    graph = graph_of(model)
    for name in (*model.sites, *model.resources, *model.groups):
        failed = frozenset({name})
        assert script.ask(graph, failed) == expected(graph, failed)


@needs_node
@pytest.mark.parametrize("failed", [{"first"}, {"third"}, {"first", "third"}, {"first", "second", "third"}])
def test_they_say_the_same_of_a_service_with_three_modes(script: Script, failed: set[str]) -> None:
    graph = graph_of(three_ways())
    assert script.ask(graph, frozenset(failed)) == expected(graph, frozenset(failed))


@needs_node
def test_the_whole_script_can_be_read() -> None:
    assert NODE is not None
    done = subprocess.run([NODE, "--check", "-"], input=SCRIPT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
