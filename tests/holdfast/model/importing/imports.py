"""Imports as a command makes them, without a disk: texts in, texts out, and what the loader says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.model.documents import Table, compose
from holdfast.model.findings import Finding, Findings
from holdfast.model.importing.account import Account
from holdfast.model.importing.blocks import plain_of
from holdfast.model.importing.facts import Plain
from holdfast.model.importing.imports import Imported, InPlace, Places, imported
from holdfast.model.loader import load, root_of
from holdfast.model.types import AllOf, Model, On
from holdfast.model.vocabulary import Vocabulary

EXAMPLES = Path(__file__).parents[4] / "examples" / "imports"


@dataclass
class Declaration:
    """A declaration in memory that imports write into and a person edits."""

    texts: dict[str, str] = field(default_factory=dict)

    def bring(self, source: str, files: Mapping[str, str | bytes], name: str | None = None) -> Imported:
        """Import; what a command would refuse is a failure of the test."""
        result, findings = self.attempt(source, files, name)
        assert result is not None, findings
        self.texts |= result.texts
        return result

    def attempt(
        self, source: str, files: Mapping[str, str | bytes], name: str | None = None
    ) -> tuple[Imported | None, tuple[Finding, ...]]:
        """Import, and return what the import itself returns; nothing is written."""
        places = Places(name or source)
        texts = {file: text.encode() for file, text in self.texts.items()}
        others = {file: data for file, data in texts.items() if "/" not in file and file != places.entries}
        before = InPlace(texts.get(places.entries), texts.get(places.mapping), texts.get(places.record), others)
        data = {file: text.encode() if isinstance(text, str) else text for file, text in files.items()}
        return imported(source, places, data, before)

    def edit(self, old: str, new: str, file: str = "imported-csv.yaml") -> None:
        """Change a text that stands there once, as a person would."""
        assert self.texts[file].count(old) == 1, (old, self.texts[file])
        self.texts[file] = self.texts[file].replace(old, new)

    def loaded(self) -> tuple[Model | None, tuple[Finding, ...]]:
        """Return what the loader makes of the declaration."""
        files = {file: text for file, text in self.texts.items() if "/" not in file}
        return load(files, root_of(files), Vocabulary({}, frozenset()))

    def model(self) -> Model:
        """Return the model; one with errors is a failure of the test."""
        model, findings = self.loaded()
        assert model is not None, [str(finding) for finding in findings if finding.severity == "error"]
        return model

    def section(self, section: str, file: str = "imported-csv.yaml") -> Mapping[str, Plain]:
        """Return the entries of a section as they are written."""
        root = compose(file, self.texts[file].encode(), Findings())
        assert isinstance(root, Table)
        values = plain_of(root.entries[section])
        assert isinstance(values, Mapping)
        return values

    def resource(self, name: str, file: str = "imported-csv.yaml") -> Mapping[str, Plain]:
        """Return one resource or group as it is written."""
        values = self.section("resources", file)[name]
        assert isinstance(values, Mapping)
        return values


def example(folder: str) -> dict[str, bytes]:
    """Return the files of an example."""
    return {path.name: path.read_bytes() for path in sorted((EXAMPLES / folder).iterdir())}


def left(account: Account) -> dict[str, tuple[str, ...]]:
    """Return what was left, with why."""
    return {row.what: row.why for row in account.rows if row.standing == "left"}


def guessed(account: Account) -> dict[str, tuple[str, ...]]:
    """Return what was guessed, with why."""
    return {row.what: row.why for row in account.rows if row.standing == "guessed"}


def fates(account: Account) -> dict[str, str]:
    """Return what became of each entry that is not simply unchanged."""
    return {change.name: change.fate for change in account.changes if change.fate != "unchanged"}


def bring(source: str, files: Mapping[str, str | bytes]) -> tuple[Model, Imported]:
    """Import into a fresh declaration, and return the model."""
    declaration = Declaration()
    result = declaration.bring(source, files)
    return declaration.model(), result


def flows(model: Model) -> set[tuple[str, str, int | None]]:
    """Return source, target and port of every flow."""
    return {(flow.source, flow.target, flow.port) for flow in model.flows}


def needs(model: Model, name: str) -> set[str]:
    """Return what a resource or group needs, all of it."""
    need = model.groups[name].needs if name in model.groups else model.resources[name].needs
    assert isinstance(need, AllOf)
    return {part.resource for part in need.of if isinstance(part, On)}
