"""Names that the model can hold, made from names that it cannot: the same ones every time, each of them once.

A name that the model takes as it is stays as it is. Any other loses its accents and becomes small letters and
hyphens; the original is kept as the entry's title. A thing keeps the name that it was given by an earlier import, also
when the source renames it, because people's own files may refer to it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import count

from holdfast.model.fields import MAX_NAME_CHARS
from holdfast.model.importing.facts import Sort, Thing
from holdfast.model.keys import RESERVED_NAMES

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_FOREIGN = re.compile(r"[^a-z0-9._]+")
_DIGEST_CHARS = 8
_ORDER: Mapping[Sort, int] = {"service": 0, "site": 1, "resource": 2, "segment": 3}


def slug(name: str) -> str:
    """Return a name of the model for any text; equal texts give equal names."""
    if _fits(name):
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    found = _FOREIGN.sub("-", plain).strip("-._")
    if not found:
        return f"ci-{_digest(name)}"
    if found in RESERVED_NAMES:
        return f"ci-{found}"
    return found if len(found) <= MAX_NAME_CHARS else _shortened(found, name)


def named(
    things: Iterable[Thing], recorded: Mapping[str, str], avoid: Mapping[Sort, Collection[str]] | None = None
) -> dict[str, str]:
    """Return the name of every thing by its key, none of them twice, whatever the order of the things.

    ``recorded`` are the names that earlier imports gave; ``avoid`` those that a sort of thing may not take. Where two
    want the same name, the second gets its kind appended, then a number.
    """
    unnamed = sorted(things, key=lambda thing: (_ORDER[thing.sort], slug(thing.name), thing.name, thing.key))
    names = {thing.key: recorded[thing.key] for thing in unnamed if thing.key in recorded}
    # A name that was given once is not given to something else, even when its first bearer is gone.
    taken = set(recorded.values())
    for thing in unnamed:
        if thing.key not in names:
            avoided = avoid.get(thing.sort, ()) if avoid else ()
            names[thing.key] = next(name for name in _wanted(thing) if name not in taken and name not in avoided)
            taken.add(names[thing.key])
    return names


def _wanted(thing: Thing) -> Iterator[str]:
    """Yield the names that a thing could have, the best first; they do not end."""
    wanted = slug(thing.name)
    yield wanted
    kind = thing.value("kind")
    yield _suffixed(wanted, str(kind) if thing.sort == "resource" and kind else thing.sort)
    yield from (_suffixed(wanted, str(number)) for number in count(2))


def _fits(name: str) -> bool:
    return len(name) <= MAX_NAME_CHARS and _NAME.fullmatch(name) is not None and name not in RESERVED_NAMES


def _suffixed(name: str, suffix: str) -> str:
    return f"{name[: MAX_NAME_CHARS - len(suffix) - 1].rstrip('-._')}-{suffix}"


def _shortened(found: str, name: str) -> str:
    return f"{found[: MAX_NAME_CHARS - _DIGEST_CHARS - 1].rstrip('-._')}-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]
