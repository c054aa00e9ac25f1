"""The JSON Schema says what the loader says: never more, and of keys and words the same."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.keys import ONLY_FOR, SECTIONS, Key
from holdfast.model.loader import load
from holdfast.model.quantities import FORMS, TEXTS, money
from holdfast.model.schema import NUMBERS, PATTERNS, schema
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS

REPOSITORY = Path(__file__).parents[3]
EDITOR = Draft202012Validator(schema(WORDS))
INTEGER, FLOAT = re.compile(r"[-+]?[0-9]+"), re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS_OF_YAML = {"true": True, "false": False, "null": None, "~": None, "": None}

Path_ = tuple[str | int, ...]


def texts(text: str) -> Any:  # noqa: ANN401 -- any YAML
    """Return a file with every value as the text that was written."""
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts, lists and mappings only


def as_read(value: Any) -> Any:  # noqa: ANN401 -- as above
    """Return texts as an editor reads them without quotes: by the core schema of YAML 1.2."""
    if isinstance(value, dict):
        return {key: as_read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_read(inner) for inner in value]
    if value in WORDS_OF_YAML:
        return WORDS_OF_YAML[value]
    return int(value) if INTEGER.fullmatch(value) else float(value) if FLOAT.fullmatch(value) else value


def problems(value: Any, editor: Draft202012Validator = EDITOR) -> list[str]:  # noqa: ANN401 -- as above
    return [f"{list(error.absolute_path)}: {error.message}" for error in editor.iter_errors(value)]


def sections(value: Any, name: str, path: Path_ = ()) -> Iterator[tuple[str, Path_]]:  # noqa: ANN401 -- as above
    """Yield where each section stands in a declaration, read by the table of keys alone."""
    if not isinstance(value, dict):
        return
    yield name, path
    for key, rule in SECTIONS[name].items():
        if key in value:
            yield from _inside(value[key], rule, (*path, key))


def _inside(value: Any, rule: Key, path: Path_) -> Iterator[tuple[str, Path_]]:  # noqa: ANN401 -- as above
    if rule.of not in SECTIONS or rule.of == "needs":
        return
    if rule.form == "section":
        yield from sections(value, rule.of, path)
    elif rule.form == "entries":
        for key, inner in value.items():
            group = rule.of == "resource" and "members" in inner
            yield from sections(inner, "group" if group else rule.of, (*path, key))
    else:
        for position, inner in enumerate(value):
            yield from sections(inner, rule.of, (*path, position))


STANDS = dict(reversed(list(sections(texts(WHOLE), "model"))))


def at(whole: Any, path: Path_) -> Any:  # noqa: ANN401 -- as above
    for step in path:
        whole = whole[step]
    return whole


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema(WORDS))
    Draft202012Validator.check_schema(schema(vocabulary()))


def told(schema_of: Any, path: str = "") -> Iterator[tuple[str, str | None]]:  # noqa: ANN401 -- any schema
    """Yield every key that a schema names somewhere, with what an editor shows beside it."""
    if isinstance(schema_of, dict):
        for key, value in schema_of.get("properties", {}).items():
            if isinstance(value, dict):
                yield f"{path}/{key}", value.get("description")
        for key, value in schema_of.items():
            if key not in {"if", "else", "then"}:
                yield from told(value, f"{path}/{key}")
    elif isinstance(schema_of, list):
        for position, value in enumerate(schema_of):
            yield from told(value, f"{path}/{position}")


def test_an_editor_shows_beside_every_key_what_it_means() -> None:
    shown = dict(told(schema(vocabulary())))
    assert [path for path, description in shown.items() if not description] == []
    meant = {key.meaning for section in SECTIONS.values() for key in section.values()}
    assert all(meant)
    said = [str(description) for description in shown.values()]
    assert [meaning for meaning in meant if not any(text.startswith(meaning) for text in said)] == []
    assert "cut off from" in str(schema(vocabulary())["$defs"])
    lag = "How far behind the copy is; goes with `replica_of`. A duration such as 2h, 90m, 30s or 500ms. Default: 0s."
    assert lag in said


def test_every_section_stands_in_the_declaration_that_is_changed_below() -> None:
    assert set(SECTIONS) - set(STANDS) == {"needs", "hold", "spread"}


@pytest.mark.parametrize("quoted", [True, False], ids=["quoted", "plain"])
def test_what_is_shipped_is_valid(quoted: bool) -> None:  # noqa: FBT001 -- both ways of writing
    editor = Draft202012Validator(schema(vocabulary()))
    starter = files("holdfast.model") / "starter"
    shipped = [*(REPOSITORY / "examples" / "meridian").glob("*.yaml"), *starter.iterdir()]
    assert len(shipped) > 6
    for file in shipped:
        value = texts(file.read_text(encoding="utf-8"))
        assert problems(value if quoted else as_read(value), editor) == [], file
    assert problems(texts(WHOLE)) == problems(as_read(texts(WHOLE))) == []


@pytest.mark.parametrize(("section", "key"), [(name, key) for name in STANDS for key in SECTIONS[name]])
def test_a_value_that_fits_nowhere_is_marked_at_every_key(section: str, key: str) -> None:
    whole = as_read(texts(WHOLE))
    at(whole, STANDS[section])[key] = [[["x y"]]]
    assert problems(whole)


@pytest.mark.parametrize(
    ("section", "key"), [(name, key) for name in STANDS for key, rule in SECTIONS[name].items() if rule.required]
)
def test_a_key_that_is_missing_is_marked(section: str, key: str) -> None:
    whole = as_read(texts(WHOLE))
    del at(whole, STANDS[section])[key]
    assert problems(whole)


@pytest.mark.parametrize("section", STANDS)
def test_a_key_that_there_is_not_is_marked(section: str) -> None:
    whole = as_read(texts(WHOLE))
    at(whole, STANDS[section])["tolernace"] = "4h"
    assert problems(whole)


@pytest.mark.parametrize("key", ONLY_FOR)
def test_a_key_of_other_kinds_is_marked(key: str) -> None:
    whole = as_read(texts(WHOLE))
    having = next(entry for entry in whole["resources"].values() if key in entry)
    whole["resources"]["db-b"][key] = having[key]
    assert problems(whole)


def test_a_file_that_is_not_the_root_needs_no_institution_and_one_with_a_calendar_does() -> None:
    assert problems({"sites": {"dc-a": {}}}) == []
    assert problems({"calendar": as_read(texts(WHOLE))["calendar"]})


def test_a_fault_takes_its_own_parameters_and_no_others() -> None:
    whole = as_read(texts(WHOLE))
    fault = whole["scenarios"]["crash"]["disruption"][0]
    assert problems(whole) == []
    fault["from"] = "dc-b"
    assert problems(whole)
    fault |= {"fault": "network.partition", "target": "db-a"}
    assert problems(whole) == []
    fault["fault"] = "link.slow"
    assert problems(whole)
    del fault["from"]
    assert problems(whole)  # delay is required
    fault["delay"] = "20ms"
    assert problems(whole) == []


def test_every_form_has_a_pattern_or_a_range() -> None:
    assert set(PATTERNS) | set(NUMBERS) == {*FORMS, *TEXTS, "money", "name"}


WRITTEN = st.one_of(
    st.from_regex(re.compile(r"[0-9]{0,6}(\.[0-9]{0,5})?(ms|s|m|h|d|y|%|/s|/min|/h)?"), fullmatch=True),
    st.from_regex(re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?(k|m|bn)? (EUR|JPY|KWD|eur)"), fullmatch=True),
    st.from_regex(re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]"), fullmatch=True),
    st.from_regex(re.compile(r"[0-2][0-9]:[0-6][0-9]"), fullmatch=True),
    st.from_regex(re.compile(r"HF[0-9]{2,4}"), fullmatch=True),
)


@given(text=WRITTEN)
@example(text="65535")
@example(text="65536")
@example(text="100000")
@settings(deadline=None)
def test_a_pattern_refuses_nothing_that_is_taken(text: str) -> None:
    parsers = {name: form.parse for name, form in FORMS.items()} | {name: form.parse for name, form in TEXTS.items()}
    for name, parse in {**parsers, "money": money}.items():
        taken = parse(text) is not None
        marked = not Draft202012Validator({"$defs": schema(WORDS)["$defs"], "$ref": f"#/$defs/{name}"}).is_valid(text)
        assert not (taken and marked), name
        # Limits that cannot be seen in a text: days that are in no month, ten years, the largest amount, minor units.
        if name not in {"date", "duration", "money", "hourly"}:
            assert taken or marked, name


# What goes wrong at a desk: another form, another case, a list where a value belongs, nothing at all.
QUANTITIES = ("4h", "90m", "95%", "250%", "0.5", "12", "0", "true", "yes", "17:00", "60/s", "2026-05-12", "5432")
NAMES = ("ledger", "dc-a", "payments", "p1", "production", "severe", "automatic", "settled", "any", "HF601")
PUT = st.sampled_from([*QUANTITIES, *NAMES, "2bn EUR", "", "x y"])
VALUE = st.one_of(
    PUT, st.lists(PUT, max_size=3), st.dictionaries(st.sampled_from(["p50", "p95", "any", "ledger"]), PUT)
)


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:  # noqa: ANN401 -- as above
    """Yield the path to everything in a declaration."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        yield (*path, key)
        yield from places(inner, (*path, key))


EVERYWHERE = sorted(places(texts(WHOLE)), key=str)
# What the schema has to see as well: a key that is unknown or missing, a word that is none.
SEEN_BY_BOTH = frozenset({"HF105", "HF106", "HF109"})


@given(st.sampled_from(EVERYWHERE), st.one_of(st.none(), VALUE), st.booleans())
@settings(deadline=None, max_examples=50)
def test_an_editor_marks_what_is_wrong_and_nothing_else(where: Path_, put: Any, plain: bool) -> None:  # noqa: ANN401, FBT001
    whole = copy.deepcopy(texts(WHOLE))
    *above, last = where
    if put is None:
        del at(whole, tuple(above))[last]
    else:
        at(whole, tuple(above))[last] = put
    _, findings = load({ROOT: yaml.safe_dump(whole, allow_unicode=True)}, ROOT, WORDS)
    errors = {finding.code for finding in findings if finding.severity == "error"}
    marked = problems(as_read(whole) if plain else whole)
    if plain and put in ("", ["", ""]):
        return  # quoted in the file that was loaded, nothing at all for the editor
    assert errors or not marked, marked
    # What a scenario may ask of the range stands in another place, which an editor does not look at.
    asked = "range" in where or any("range: options" in finding.message for finding in findings)
    assert marked or asked or not errors & SEEN_BY_BOTH, findings
