"""``holdfast map`` as a user meets it: what it writes, what it prints, and what it says to a name that is none."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from holdfast.cli import app
from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.model.types import Model

BANK = """\
institution: Example Bank
sites:
  east: {title: East}
  west: {title: West}
services:
  payments:
    title: Payments
    impact_tolerance: {duration: 4h}
    rto: 2h
    rpo: 0s
    modes:
      full: {capacity: 100%, needs: [ledger], meets_minimum: true}
  statements:
    title: Statements
    impact_tolerance: {duration: 1d}
    rto: 2h
    rpo: 0s
    modes:
      full: {capacity: 100%, needs: [printer], meets_minimum: true}
resources:
  ledger: {kind: database, title: Ledger, members: [ledger-a, ledger-b], active: 1, quorum: 1}
  ledger-a: {kind: database, site: east}
  ledger-b: {kind: database, site: west}
  printer: {kind: host, site: west, title: Printer}
"""


@pytest.fixture
def _bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a directory with a small declaration."""
    (tmp_path / "bank.yaml").write_text(BANK, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


pytestmark = pytest.mark.usefixtures("_bank")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["map", "bank.yaml", *arguments])


def refused(*arguments: str) -> HoldfastError:
    error = run(*arguments).exception
    assert isinstance(error, HoldfastError)
    return error


def test_without_a_file_it_writes_a_page_and_tells_the_story() -> None:
    done = run("--fail", "east")
    assert (done.exit_code, done.exception) == (0, None)
    assert done.stdout == "map: map.html\nIf East failed: 0 of 2 services down, 0 degraded; 1 resource down.\n"
    assert Path("map.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n")


def test_it_writes_the_files_that_were_named_and_no_other() -> None:
    done = run("--svg", "out/bank.svg", "--html", "out/bank.html", "--service", "payments", "--by", "owner")
    assert done.stdout.splitlines()[:2] == ["map: out/bank.svg", "map: out/bank.html"]
    text = Path("out/bank.svg").read_text(encoding="utf-8")
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - just made here
    assert "what “Payments” stands on, by owner" in text
    assert "Printer" not in text
    assert not Path("map.html").exists()


def test_of_one_service_it_says_how_that_stands() -> None:
    done = run("--svg", "bank.svg", "--service", "payments", "--fail", "printer")
    assert done.stdout.endswith("1 of 2 services down, 0 degraded; 1 resource down. Payments: available.\n")
    assert "1 resource down. Payments: available.</text>" in Path("bank.svg").read_text(encoding="utf-8")


def test_a_picture_alone_writes_no_page() -> None:
    assert run("--svg", "bank.svg").stdout.splitlines()[0] == "map: bank.svg"
    assert not Path("map.html").exists()


def test_json_tells_nodes_edges_and_states() -> None:
    told = json.loads(run("--json", "--fail", "ledger-a", "--fail", "printer").stdout)
    assert told["failed"] == ["ledger-a", "printer"]
    states = {(node["sort"], node["name"]): node["state"] for node in told["nodes"]}
    assert states == {
        ("service", "payments"): "available",
        ("service", "statements"): "down",
        ("resource", "ledger-a"): "failed by hand",
        ("resource", "ledger-b"): "available",
        ("resource", "printer"): "failed by hand",
        ("group", "ledger"): "degraded",
    }
    assert {site["name"]: site["state"] for site in told["sites"]} == {"east": "degraded", "west": "degraded"}
    passes = {(edge["from"], edge["to"]) for edge in told["edges"] if edge["loss_passes"]}
    assert passes == {("ledger", "ledger-a"), ("statements", "printer")}
    assert not Path("map.html").exists()


def test_json_of_a_service_is_what_it_stands_on() -> None:
    told = json.loads(run("--json", "--service", "payments").stdout)
    assert {node["name"] for node in told["nodes"]} == {"payments", "ledger", "ledger-a", "ledger-b"}
    assert all(edge["of"] != "service" or edge["from"] == "payments" for edge in told["edges"])


def test_weaknesses_are_numbered() -> None:
    run("--svg", "bank.svg", "--weaknesses", "--on", "2026-11-21")
    assert "; 1 weakness; tolerance unapproved; available" in Path("bank.svg").read_text(encoding="utf-8")
    assert refused("--weaknesses", "--on", "tomorrow").code == "HF929"


def test_services_whose_tolerance_the_log_does_not_approve_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def standings(_model: Model, place: str | None) -> dict[str, str]:
        assert place is None
        return {"tolerance:payments": "approved", "tolerance:statements": "changed since"}

    monkeypatch.setattr("holdfast.cli.approved.standings", standings)
    run("--svg", "bank.svg")
    labels = [link.get("aria-label") for link in ET.parse("bank.svg").iter() if link.get("data-n")]  # noqa: S314 - ours
    assert "Payments (payments), service; available" in labels
    assert "Statements (statements), service; tolerance unapproved; available" in labels


def test_where_there_is_no_log_nothing_is_approved() -> None:
    run("--svg", "bank.svg")
    assert Path("bank.svg").read_text(encoding="utf-8").count(">unapproved</text>") == 2


def test_a_name_that_is_none_is_refused_with_what_there_is() -> None:
    error = refused("--service", "payment")
    assert (error.code, type(error)) == ("HF940", UsageError)
    assert error.remedy == "Did you mean payments?"
    assert refused("--service", "qqq").remedy == "holdfast map --json lists every name."
    error = refused("--fail", "ledger-c")
    assert (error.code, type(error)) == ("HF941", UsageError)
    assert error.remedy.startswith("Did you mean ledger-")
    error = refused("--by", "colour")
    assert (error.code, type(error)) == ("HF942", UsageError)


def test_a_service_cannot_be_failed() -> None:
    error = refused("--fail", "payments")
    assert (error.code, type(error)) == ("HF941", UsageError)
    assert error.remedy == "See what it needs: holdfast map --service payments"


def test_a_place_that_cannot_be_written_to_is_named() -> None:
    Path("taken").write_text("", encoding="utf-8")
    error = refused("--svg", "taken/bank.svg")
    assert (error.code, type(error)) == ("HF922", EnvironmentProblem)
    assert "taken" in str(error)
