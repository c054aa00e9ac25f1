"""How the value of one key is written, and short ways of saying it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """How a key's value is written, its default, written the same way, and what it says.

    ``form`` is a form of ``quantities.FORMS`` or ``quantities.TEXTS``, or ``text``, ``name``, ``flag``, ``money``,
    ``spread``, ``needs``, ``words`` (one of ``words``), ``section`` (a mapping), ``entries`` (a mapping whose keys the
    author chose) or ``list``. ``of`` is the section, or the form, of that mapping, of each entry, of each member; a
    list, or ``entries``, with ``words`` takes those. ``by`` is the form of the keys of ``entries``. A key that is not
    ``required`` and has no ``default`` is absent unless it is given. ``meaning`` is the sentence on the page of
    reference, which editors show where the key is written.
    """

    form: str
    default: str | None = None
    required: bool = False
    words: tuple[str, ...] = ()
    of: str = ""
    by: str = "name"
    meaning: str = ""


def needed(form: str, words: tuple[str, ...] = (), of: str = "", *, meaning: str) -> Key:
    """Return a key that must be given."""
    return Key(form, required=True, words=words, of=of, meaning=meaning)


def mapping(of: str, *, meaning: str) -> Key:
    """Return a key whose value is one section."""
    return Key("section", of=of, meaning=meaning)


def entries(of: str, by: str = "name", *, meaning: str) -> Key:
    """Return a key whose value maps what the author chose to sections or values of a form."""
    return Key("entries", of=of, by=by, meaning=meaning)


def listed(of: str, *, meaning: str) -> Key:
    """Return a key whose value is a list of sections or of values of a form."""
    return Key("list", of=of, meaning=meaning)


Section = Mapping[str, Key]
