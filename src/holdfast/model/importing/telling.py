"""The account of an import as a page to keep: what was guessed, what was left and why, and every row."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.model.importing.account import BECAME, STANDINGS, Account, Change, Fate, Row

MAX_TOLD_ROWS = 50_000

_FATES: dict[Fate, str] = {
    "new": "new",
    "updated": "updated from the source",
    "unchanged": "unchanged",
    "removed": "removed: the source no longer has it",
    "kept": "kept as you wrote it, though the source says something else",
    "yours": "yours: written by hand",
    "unwanted": "left out: you removed it, and the source still has it",
}


def fate_in_words(fate: Fate) -> str:
    """Return what a fate means to a reader."""
    return _FATES[fate]


def told(source: str, file: str, account: Account) -> str:
    """Return the account as Markdown; the same account gives the same text."""
    return "\n".join((*_summary(source, file, account), *_entries(account), *_rows(account), ""))


def _summary(source: str, file: str, account: Account) -> Iterator[str]:
    yield from (f"# Import of {source} into {file}", "")
    yield from (f"| rows of | {' | '.join(BECAME)} |", f"|---|{'---:|' * len(BECAME)}")
    for name, counts in account.standings().items():
        yield f"| {_cell(name)} | {' | '.join(f'{counts[became]:,}' for became in BECAME)} |"
    yield from ("", "A row is *taken* as it says, *guessed* where something was added that it does not say, or *left*.")
    yield from ("A row that says several things may be left in part.", "")
    yield from (f"- {_cell(note)}" for note in account.notes)
    for title, reasons in (
        ("Left, and why", account.reasons("left")),
        ("Guessed: confirm these", account.reasons("guessed")),
    ):
        if reasons:
            yield from ("", f"## {title}", "", "| times | reason |", "|---:|---|")
            yield from (f"| {count:,} | {_cell(reason)} |" for reason, count in reasons)


def _entries(account: Account) -> Iterator[str]:
    yield from ("", "## Entries", "")
    yield from (f"- {count:,} {fate_in_words(fate)}" for fate, count in account.fates().items())
    notable = [change for change in account.changes if change.details or change.fate in {"kept", "removed", "unwanted"}]
    if notable:
        yield from ("", "| entry | what became of it | detail |", "|---|---|---|")
        yield from (_change(change) for change in notable)


def _change(change: Change) -> str:
    details = "; ".join(change.details)
    return f"| {change.section}: {_cell(change.name)} | {fate_in_words(change.fate)} | {_cell(details)} |"


def _rows(account: Account) -> Iterator[str]:
    yield from ("", "## Rows", "", "| where | what | became | why |", "|---|---|---|---|")
    # What needs a person comes first: a long table is read from its top.
    ordered = [row for standing in reversed(STANDINGS) for row in account.rows if row.standing == standing]
    yield from (_row(row) for row in ordered[:MAX_TOLD_ROWS])
    if len(ordered) > MAX_TOLD_ROWS:
        yield from ("", f"{len(ordered) - MAX_TOLD_ROWS:,} more rows are not listed; `--json` has all of them.")


def _row(row: Row) -> str:
    return f"| {_cell(str(row.origin))} | {_cell(row.what)} | {row.standing} | {_cell('; '.join(row.why))} |"


def _cell(text: str) -> str:
    """Return a text that cannot leave its cell of a table, and is neither a link nor a picture in it."""
    harmless = text.replace("\\", "\\\\").replace("|", "\\|").replace("](", "]\\(").replace("<", "&lt;")
    return harmless.replace("`", "'").replace("\n", " ")
