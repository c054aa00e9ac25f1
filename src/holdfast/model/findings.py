"""What is wrong with a declaration, as values: where, what was expected and what was got, and what to do.

Findings are collected and shown all at once; none of them stops the reading. Only an error makes a model unusable.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from holdfast.errors import Place

Severity = Literal["error", "warning", "note"]

# Beyond these, more of the same helps nobody, and a hostile file would make the reading slow.
MAX_FINDINGS = 5_000
MAX_COMPARED_CHARS = 2_000_000  # of misspelt words, each with every known one
MAX_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a declaration; ``message`` says what is expected and what was got."""

    code: str
    severity: Severity
    place: Place
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return ``file:line: CODE message``."""
        return f"{self.place}: {self.code} {self.message}"


def shown(text: str) -> str:
    """Return ``text`` in quotes, shortened, with everything that is not printable escaped.

    What a file says is shown on terminals and in reports: it must not be able to move the cursor there.
    """
    cut = text[:MAX_SHOWN_CHARS]
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in cut)
    return f'"{safe}{"…" if len(text) > MAX_SHOWN_CHARS else ""}"'


def listed(words: Collection[str]) -> str:
    """Return the words in order as ``a, b or c``."""
    ordered = list(words)
    return " or ".join(filter(None, [", ".join(ordered[:-1]), ordered[-1]])) if ordered else "nothing"


class Findings:
    """The findings of one reading, collected as it goes; ``has_errors`` says that the model is unusable."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[Finding, None] = {}
        self._left_out = 0
        self.has_errors = False
        self._chars_left = MAX_COMPARED_CHARS

    def add(self, severity: Severity, code: str, place: Place, message: str, remedy: str) -> None:
        """Keep one finding; the same one twice (reached through an alias) counts once."""
        self.has_errors = self.has_errors or severity == "error"
        if len(self._found) < MAX_FINDINGS:
            self._found[Finding(code, severity, place, message, remedy)] = None
        else:
            self._left_out += 1

    def error(self, code: str, place: Place, message: str, remedy: str) -> None:
        """Keep something that makes the model unusable."""
        self.add("error", code, place, message, remedy)

    def did_you_mean(self, word: str, known: Collection[str]) -> str:
        """Return a sentence with the nearest known word, to begin a remedy with, or nothing."""
        effort_chars = len(word) * len(known)
        if effort_chars > self._chars_left or len(word) > MAX_SHOWN_CHARS:
            return ""
        self._chars_left -= effort_chars
        near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
        return f'Did you mean "{near[0]}"? ' if near else ""

    def by_place(self) -> tuple[Finding, ...]:
        """Return them by file, line and code; the last one says if there were more than are kept."""
        found = sorted(self._found, key=lambda f: (f.place.file, f.place.line, f.code, f.message))
        if self._left_out:
            message = f"{self._left_out:,} more findings are not listed"
            found.append(Finding("HF100", "note", found[-1].place, message, "Correct these first, then check again."))
        return tuple(found)
