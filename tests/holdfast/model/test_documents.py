"""Hostile and broken files: each is a finding with a line, soon, and never a crash."""

from __future__ import annotations

import copy
import random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import Place
from holdfast.model import documents
from holdfast.model.documents import MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, Items, Node, Scalar, Table, compose
from holdfast.model.findings import Finding, Findings
from holdfast.model.keys import SECTIONS
from holdfast.model.loader import attachment, load, load_attachment, root_of
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS


def composed(data: bytes) -> tuple[Node | None, tuple[Finding, ...]]:
    findings = Findings()
    return compose("a.yaml", data, findings), findings.by_place()


def scalar(text: str, line: int, *, plain: bool = True) -> Scalar:
    return Scalar(text, plain, Place("a.yaml", line))


def plainly(node: Node | None) -> object:
    """Return a node without its places."""
    if isinstance(node, Table):
        return {key: plainly(value) for key, value in node.entries.items()}
    if isinstance(node, Items):
        return [plainly(item) for item in node.items]
    return node.text if node else None


def test_a_value_stands_where_its_key_stands() -> None:
    node, findings = composed(b"one:\n  two:\n  - a\n  - 'b'\n")
    assert findings == ()
    assert isinstance(node, Table)
    two = node.entries["one"]
    assert two.place.line == 1
    assert isinstance(two, Table)
    assert two.entries["two"] == Items((scalar("a", 3), scalar("b", 4, plain=False)), Place("a.yaml", 2))


def test_nothing_is_typed_by_its_looks() -> None:
    words = ["no", "Off", "12:30", "1e3", "0x10", "017", "1_000", ".inf", "2026-03-01", "=", "null"]
    node, findings = composed("\n".join(f"- {word}" for word in words).encode())
    assert findings == ()
    assert plainly(node) == words


@pytest.mark.parametrize(("text", "empty"), [("", True), ("~", True), ("null", True), ("'null'", False), ("''", False)])
def test_what_counts_as_nothing(text: str, empty: bool) -> None:  # noqa: FBT001 - a column of the table
    node, _ = composed(f"a: {text}\n".encode())
    assert isinstance(node, Table)
    value = node.entries["a"]
    assert isinstance(value, Scalar)
    assert value.empty is empty


def test_an_alias_stands_for_its_value_in_its_own_place() -> None:
    node, findings = composed(b"a: &x [1, {b: 2}]\nc: *x\nd: [*x, *x]\n")
    assert findings == ()
    assert plainly(node) == {"a": ["1", {"b": "2"}], "c": ["1", {"b": "2"}], "d": [["1", {"b": "2"}]] * 2}
    assert isinstance(node, Table)
    assert node.entries["c"].place.line == 2


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 10)) for letter in range(ord("b"), 123)
)


@pytest.mark.parametrize(
    ("data", "line", "code"),
    [
        (b"a: \xff", 1, "HF101"),
        (b"a: b\n# \xe9t\xe9", 2, "HF101"),
        (b"\xff\xfea\x00:\x00", 1, "HF101"),
        (b"a: \xed\xa0\x80", 1, "HF101"),
        (b"a: b\n\nc: \x00", 3, "HF101"),
        (b"a: b\n# \xe2\x80\xa8", 2, "HF101"),
        (b"a: b\rc: d", 1, "HF101"),
        (b"x" * (MAX_FILE_BYTES + 1), 1, "HF101"),
        (b"a: [b", 1, "HF102"),
        (b"a: b\n c: d", 2, "HF102"),
        (b"a: b\n\tc: d", 2, "HF102"),
        (b"a: 'b", 1, "HF102"),
        (b"a: @b", 1, "HF102"),
        (b"%YAML 3.0\n---\na: b", 1, "HF102"),
        (b'a: "\\ud800"', 1, "HF102"),
        (b"a: b\n---\nc: d", 2, "HF103"),
        (b"a: !!python/object:os.system b", 1, "HF103"),
        (b"a: b\nc: !own d", 2, "HF103"),
        (b"a: !!int 3", 1, "HF103"),
        (b"[a]: b", 1, "HF103"),
        (b"? {a: b}\n: c", 1, "HF103"),
        (b"? \n: c", 1, "HF103"),
        (b"'': c", 1, "HF103"),
        (b"a: *b", 1, "HF103"),
        (b"a: &a [*a]", 1, "HF103"),
        (b"a: &a {b: *a}", 1, "HF103"),
        (BOMB, 5, "HF103"),
        (b"[" * 1_000_000, 1, "HF103"),
        (b"- " * 1_000_000, 1, "HF103"),
        (b"? " * 1_000_000, 1, "HF103"),
        (b"{a: " * 1_000_000, 1, "HF103"),
        (b"a: 1\nb: 2\na: 3", 3, "HF104"),
    ],
)
def test_what_cannot_be_read_is_one_finding(data: bytes, line: int, code: str) -> None:
    findings = composed(data)[1]
    assert [(finding.code, finding.place.line) for finding in findings] == [(code, line)]


def test_the_first_of_two_equal_keys_is_kept() -> None:
    assert plainly(composed(b"a: 1\na: 2")[0]) == {"a": "1"}


@pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_empty(data: bytes) -> None:
    node, findings = composed(data)
    assert findings == ()
    assert node is None or (isinstance(node, Scalar) and node.empty)


def test_the_limits_are_where_they_are_said_to_be() -> None:
    assert composed(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)[1] == ()
    assert composed(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))[1] != ()
    # An alias inside others counts with the depth of what it stands for.
    deep = b"- &a " + b"[" * 20 + b"]" * 20 + b"\n- "
    assert composed(deep + b"[" * 11 + b"*a" + b"]" * 11)[1] == ()
    assert composed(deep + b"[" * 12 + b"*a" + b"]" * 12)[1] != ()
    # The list and its ten members are eleven values each time.
    times = MAX_ALIASED_NODES // 11
    assert composed(b"- &a [1,1,1,1,1,1,1,1,1,1]\n" + b"- *a\n" * times)[1] == ()
    assert composed(b"- &a [1,1,1,1,1,1,1,1,1,1]\n" + b"- *a\n" * (times + 1))[1] != ()


def test_too_many_values_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_NODES", 10)
    assert composed(b"- 1\n" * 9)[1] == ()
    assert [finding.code for finding in composed(b"- 1\n" * 11)[1]] == ["HF103"]


def test_the_parser_written_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = composed(WHOLE.encode())
    monkeypatch.setattr(documents, "_Parser", yaml.SafeLoader)
    assert composed(WHOLE.encode()) == fast
    assert [finding.code for finding in composed(b"a: [b")[1]] == ["HF102"]


@given(st.recursive(st.text(max_size=8), lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner)))
def test_what_another_writer_wrote_reads_back(value: object) -> None:
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    node, findings = composed(text.encode())
    if not any(finding.code == "HF103" and "nesting" in finding.message for finding in findings):
        assert plainly(node) == value
        assert findings == ()


def sane(files: dict[str, bytes]) -> None:
    """Check what holds of every reading, whatever was read."""
    model, findings = load(files, root_of(files), WORDS)
    assert (model is None) == any(finding.severity == "error" for finding in findings)
    for finding in findings:
        assert 1 <= finding.place.line <= files[finding.place.file].count(b"\n") + 1
        assert finding.message.isprintable()
        assert finding.remedy
    if model is not None:
        assert load_attachment(attachment(model), WORDS)[0] == model


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    sane({ROOT: data})


TOKENS = [
    *(b"[", b"]", b"{", b"}", b"- ", b"? ", b": ", b", ", b"#", b"\n", b"\r\n", b"\t", b"'", b'"', b"|\n", b">\n"),
    *(b"&a ", b"*a", b"!!str ", b"!x ", b"%", b"@", b"<<: ", b"---\n", b"...\n", b"~", b"null", b"true", b"0", b"-1"),
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"9" * 400, b"\\", b'"\\e"'),
]
WORDS_OF_IT = WHOLE.encode().split()


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Return the bytes with a few small changes of the kind that hands and disks make."""
    for _ in range(draw.choice([1, 1, 1, 2, 4, 12])):
        at, other = draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)
        length = draw.choice([1, 3, 30, 300])
        data = draw.choice(
            [
                data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :],
                data[:at] + draw.choice(TOKENS) + data[at:],
                data[:at] + draw.choice(WORDS_OF_IT) + data[at + length :],
                data[:at] + data[at + length :],
                data[:at] + data[other : other + length] + data[at:],
            ]
        )
    return data


@given(st.integers(0, 2**32))
def test_a_damaged_declaration_can_be_read(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(5):
        sane({ROOT: mutated(WHOLE.encode(), draw)})


PARSED = yaml.load(WHOLE, Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts, lists and mappings only


def parts(value: object) -> list[object]:
    """Return a value and everything inside it: what could by mistake be written somewhere else."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for child in inner for part in parts(child))]


VALUES = st.sampled_from(parts(PARSED)) | st.recursive(
    st.sampled_from([word.decode().strip("{}[],:") for word in WORDS_OF_IT]) | st.none() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted({key for section in SECTIONS.values() for key in section})


def misplaced(data: st.DataObject) -> object:
    """Return the whole declaration with some values replaced, added under another key, or taken away."""
    whole = copy.deepcopy(PARSED)
    for _ in range(data.draw(st.sampled_from([1, 1, 1, 2, 5]))):
        within = whole
        while True:
            keys = list(within) if isinstance(within, dict) else list(range(len(within)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(within[key], dict | list) or not within[key] or data.draw(st.booleans()):
                break
            within = within[key]
        match data.draw(st.sampled_from(["replace", "replace", "add", "remove"])):
            case "add" if isinstance(within, dict):
                within[data.draw(st.sampled_from(KEYS))] = copy.deepcopy(data.draw(VALUES))
            case "remove" if len(within) > 1:
                del within[key]
            case _:
                within[key] = copy.deepcopy(data.draw(VALUES))
    return whole


@given(st.data())
def test_a_declaration_with_any_value_anywhere_can_be_read(data: st.DataObject) -> None:
    sane({ROOT: yaml.safe_dump(misplaced(data), allow_unicode=True).encode()})
