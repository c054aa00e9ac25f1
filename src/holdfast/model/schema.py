"""The JSON Schema of a declaration, for editors: made from the table of keys that the loader reads by.

Every key carries what it means, which editors show where it is written. It speaks of one file: the root carries
``institution``, other files do not. It knows forms, words and which keys go
together; that names are declared somewhere, and all that takes more than one place to see, is for ``holdfast check``.
Only keywords that JSON Schema 2020-12 shares with draft 7 (and ``dependentRequired``) are used, because editors lag
behind.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.model.fields import MAX_NAME_CHARS, MAX_TEXT_CHARS
from holdfast.model.keys import (
    BRIEFLY,
    DRILL,
    DRILL_ONLY,
    EXPECTED,
    ONLY_FOR,
    RESERVED_NAMES,
    ROOT_ONLY,
    SECTIONS,
    Key,
    Section,
)
from holdfast.model.quantities import FORMS, MAX_PORT, MONEY, TEXTS
from holdfast.model.vocabulary import Parameter, Vocabulary

Schema = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAME = f"^(?=.{{1,{MAX_NAME_CHARS}}}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
_OPTION = "^[a-z][a-z0-9-]*$"
_SHARE = "(100(\\.0{1,4})?|[1-9]?[0-9](\\.[0-9]{1,4})?)%"

# How each form is written, as ECMA-262 regular expressions. A pattern may take a little more than the loader, where a
# limit cannot be seen in the text (ten years, a day that is not in the calendar), and never less: a test holds both.
PATTERNS: Mapping[str, str] = {
    "duration": "^(0|[1-9][0-9]{0,8})(ms|s|m|h|d|y)$",
    "share": f"^{_SHARE}$",
    "percent": "^([1-9][0-9]{2,3}(\\.[0-9]{1,4})?|10000(\\.0{1,4})?)%$",
    "chance": f"^(0(\\.[0-9]{{1,6}})?|1(\\.0{{1,6}})?|{_SHARE})$",
    "time": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "rate": "^[1-9][0-9]{0,5}/s$",
    "hourly": "^(0|[1-9][0-9]{0,8})/(s|min|h)$",
    "money": "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,9})?(k|m|bn)? [A-Z]{3}$",
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "code": "^HF[0-9]{3}$",
    "gap": "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
    "name": _NAME,
}
# The forms of whole numbers, which YAML reads as numbers unless they stand in quotes: lowest and highest.
NUMBERS: Mapping[str, tuple[int, int]] = {
    "count": (0, 999_999_999),
    "positive": (1, 999_999_999),
    "port": (1, MAX_PORT),
}

# The same in quotes.
_DIGITS: Mapping[str, str] = {
    "count": "^(0|[1-9][0-9]{0,8})$",
    "positive": "^[1-9][0-9]{0,8}$",
    "port": "^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5]))))$",
}

_EXPECTED = {
    **{name: form.expected for name, form in FORMS.items()},
    **{name: form.expected for name, form in TEXTS.items()},
    "money": MONEY,
    "spread": "a duration, {p50: …, p95: …} or {min: …, mode: …, max: …}",
    "needs": "a name, a list (all of them), {any: […]}, {at_least: 2, of: […]} or {NAME: {holds_for: …}}",
    "flag": "true or false",
}


def schema(vocabulary: Vocabulary) -> Schema:
    """Return the schema of one file of a declaration, with the faults and checks that can be named in it."""
    sections = {name: _section(name, keys) for name, keys in SECTIONS.items() if name not in _UNIONS}
    definitions: dict[str, object] = {**_scalars(), **sections}
    definitions["spread"] = _spread()
    definitions["needs"] = _needs()
    definitions["disruption"] = _disruption(vocabulary)
    definitions["check"] = {"enum": sorted(vocabulary.checks)}
    definitions["entry of resources"] = {
        "if": {"type": "object", "required": ["members"]},
        "then": _ref("group"),
        "else": _ref("resource"),
    }
    return {
        "$schema": DIALECT,
        "title": "A Holdfast declaration",
        "description": "One file of what an institution declares; every key is explained in docs/model.md.",
        **sections["model"],
        "$defs": dict(sorted(definitions.items())),
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}


def _scalars() -> dict[str, object]:
    """Return how each form of a single value is written."""
    texts: dict[str, object] = {
        form: {"type": "string", "pattern": pattern} for form, pattern in PATTERNS.items() if form not in _BARE
    }
    numbers = {
        form: {
            "anyOf": [
                {"type": "integer", "minimum": low, "maximum": high},
                {"type": "string", "pattern": _DIGITS[form]},
            ]
        }
        for form, (low, high) in NUMBERS.items()
    }
    return {
        **texts,
        **numbers,
        # A probability and a name may look like a number, which is how an editor then reads them.
        "chance": {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": PATTERNS["chance"]},
            ]
        },
        "name": {
            "anyOf": [
                {"type": "string", "pattern": _NAME, "not": {"enum": sorted(RESERVED_NAMES)}},
                {"type": "integer", "minimum": 0},
            ]
        },
        # Every single value is a text where a text belongs; only nothing at all is none.
        "text": {"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": MAX_TEXT_CHARS},
        "flag": {"enum": [True, False, "true", "false"]},
    }


_BARE = frozenset({"chance", "name"})
_UNIONS = frozenset({"spread", "needs", "disruption"})


def _section(name: str, section: Section) -> Schema:
    """Return a mapping that takes these keys and no other."""
    made: Schema = {
        "type": "object",
        "properties": {key: _key(name, key, rule) for key, rule in section.items()},
        "additionalProperties": False,
    }
    required = [key for key, rule in section.items() if rule.required]
    if name == "model":
        # Which file is the root shows in what it carries: what only the root may carry asks for the name there.
        made["dependentRequired"] = {key: required for key in ROOT_ONLY if key not in required}
        return made
    if required:
        made["required"] = required
    if name == "resource":
        made["allOf"] = [_only_for(kinds) for kinds in dict.fromkeys(ONLY_FOR.values())]
    if name == "scenario":
        made["dependentRequired"] = {key: [other for other in DRILL if other != key] for key in DRILL_ONLY}
    return made


def _only_for(kinds: tuple[str, ...]) -> Schema:
    """Return the rule that the keys which only these kinds have stand nowhere else."""
    foreign = {key: False for key, having in ONLY_FOR.items() if having == kinds}
    return {"if": {"properties": {"kind": {"enum": list(kinds)}}}, "else": {"properties": foreign}}


def _key(section: str, name: str, rule: Key) -> Schema:
    """Return what a key takes, and what an editor shows beside it: what it says, how it is written, its default."""
    said = [rule.meaning]
    if rule.form in _EXPECTED:
        said.append(f"{_EXPECTED[rule.form][:1].upper()}{_EXPECTED[rule.form][1:]}.")
    if rule.default is not None:
        said.append(f"Default: {rule.default}.")
    return {**_value(section, name, rule), "description": " ".join(filter(None, said))}


def _value(section: str, name: str, rule: Key) -> Schema:
    """Return what a key takes."""
    match rule.form:
        case "words":
            return {"enum": list(rule.words)}
        case "list":
            return _list(section, name, rule)
        case "section":
            return _ref(rule.of)
        case "entries":
            return _entries(section, name, rule)
        case form:
            return _ref(form)


def _list(section: str, name: str, rule: Key) -> Schema:
    """Return a list; one value without brackets is a list of one, a mapping is not."""
    if rule.of == "needs":
        return _ref("needs")
    if (section, name) == ("scenario", "checks"):
        member: Schema = _ref("check")
    else:
        member = {"enum": list(rule.words)} if rule.words else _ref(rule.of or "text")
    if rule.of in SECTIONS:
        return {"type": "array", "items": member}
    return {"anyOf": [{"type": "array", "items": member, "uniqueItems": True}, member]}


def _entries(section: str, name: str, rule: Key) -> Schema:
    """Return a mapping whose keys the author chose; an entry may be written briefly as one value of it."""
    by: object = {"pattern": PATTERNS[rule.by]}
    if rule.by == "name":
        by = {"pattern": _NAME, "not": {"enum": sorted(RESERVED_NAMES)}}
    entry: Schema
    match (section, name, rule.of):
        case ("model", "resources", _):
            entry = _ref("entry of resources")
        case ("scenario", "expect", _):
            by, entry = _ref("check"), {"enum": list(EXPECTED)}
        case ("range", "options", _):
            by, entry = {"pattern": _OPTION}, _list(section, name, Key("list", of="text"))
        case (_, _, of) if of in BRIEFLY:
            entry = {
                "if": {"type": "object"},
                "then": _ref(of),
                "else": _key(of, BRIEFLY[of], SECTIONS[of][BRIEFLY[of]]),
            }
        case (_, _, of):
            entry = _ref(of)
    return {"type": "object", "propertyNames": by, "additionalProperties": entry}


def _spread() -> Schema:
    """Return a duration that varies: one, or a mapping of two or of three."""
    shapes = (("p50", "p95"), ("min", "mode", "max"))
    mappings: list[Schema] = [
        {
            "type": "object",
            "properties": {key: _key("spread", key, SECTIONS["spread"][key]) for key in shape},
            "required": list(shape),
            "additionalProperties": False,
        }
        for shape in shapes
    ]
    return {"anyOf": [_ref("duration"), *mappings]}


def _needs() -> Schema:
    """Return a need: a name, a list, or a mapping with one of the reserved words or with one name that is held."""
    combined: list[Schema] = [
        {
            "type": "object",
            "properties": {key: _key("needs", key, SECTIONS["needs"][key]) for key in shape},
            "required": list(shape),
            "additionalProperties": False,
        }
        for shape in (("all",), ("any",), ("at_least", "of"))
    ]
    held: Schema = {
        "type": "object",
        "propertyNames": {"pattern": _NAME, "not": {"enum": sorted(RESERVED_NAMES)}},
        "additionalProperties": _ref("hold"),
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [_ref("name"), {"type": "array", "items": _ref("needs")}, *combined, held]}


def _disruption(vocabulary: Vocabulary) -> Schema:
    """Return one fault: the keys of every fault, and those of its own that it takes and no other."""
    keys = SECTIONS["disruption"]
    faults = dict(sorted(vocabulary.faults.items()))
    own = sorted({name for taken in faults.values() for name in taken.parameters})
    properties: Schema = {key: _key("disruption", key, rule) for key, rule in keys.items()}
    rules = [
        {
            "if": {"properties": {"fault": {"const": fault}}},
            "then": {
                "properties": {n: _parameter(taken.parameters[n]) if n in taken.parameters else False for n in own},
                "required": [name for name, parameter in taken.parameters.items() if parameter.required],
            },
        }
        for fault, taken in faults.items()
    ]
    return {
        "type": "object",
        "properties": {
            **properties,
            "fault": {"enum": list(faults), "description": keys["fault"].meaning},
            **dict.fromkeys(own, True),
        },
        "required": [key for key, rule in keys.items() if rule.required],
        "additionalProperties": False,
        "allOf": rules,
    }


def _parameter(parameter: Parameter) -> Schema:
    """Return what a fault's own parameter takes, and what an editor shows beside it."""
    described = {"description": parameter.meaning} if parameter.meaning else {}
    return {**_taken(parameter), **described}


def _taken(parameter: Parameter) -> Schema:
    if parameter.choices:
        return {"enum": list(parameter.choices)}
    if parameter.form == "places":
        return {"anyOf": [{"type": "array", "items": _ref("name"), "minItems": 1, "uniqueItems": True}, _ref("name")]}
    return _ref(parameter.form)
