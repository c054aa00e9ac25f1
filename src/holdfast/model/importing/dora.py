"""The register of information under DORA, as CSV, one file a template, as things and links.

Templates, columns and codes are those of Implementing Regulation (EU) 2024/2956, Annex I, as corrected by OJ L,
2025/90725: a reader takes the short codes of the reporting format (``c0010``), the long ones (``B_02.02.0010``) and the
headings of the Annex. Two columns moved between the versions in use, and both are read: the provider's name in
B_05.01, and everything behind the criticality in B_06.01.

A provider becomes a third party; one with several arrangements keeps its name, and each arrangement becomes a third
party of its own that needs it. A function that is critical or important becomes a service. Nothing is taken for better
than the register says: of two assessments the worse counts, and an audit is not a continuity plan.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from holdfast.errors import Place
from holdfast.model.findings import Findings
from holdfast.model.importing.dora_codes import (
    CRITICAL,
    HEADINGS,
    IMPACTS,
    NO,
    NOT_PERFORMED,
    REINTEGRATION,
    SERVICE_TYPES,
    SUBSTITUTABILITY,
    TEMPLATES,
    YES,
)
from holdfast.model.importing.facts import Facts, Link, Origin, Plain, Said, Thing, kind_said, said, words_of
from holdfast.model.importing.tables import CsvTable, Row, read_table
from holdfast.model.importing.words import says_nothing
from holdfast.model.quantities import duration_ms, iso_date
from holdfast.model.types import Reintegration, Substitutability

NOT_CRITICAL = "a function that is not critical or important"
NOT_READ = "a template that says nothing of resilience"
NO_KEY = "without the identifier that the template requires"
ASSESSMENT = "an assessment of an arrangement that is not in these files"
PROVIDER = "an arrangement whose provider is not named"
NO_FUNCTION = "an arrangement that supports no function"

_NAME_IN_FILE = re.compile(r"(?:^|[^0-9a-z])(?:b|rt)[_.-]?([0-9]{2})[_.-]([0-9]{2})(?:[^0-9]|$)", re.IGNORECASE)
_CODE = re.compile(r"(?:(?:b|rt)[_.-]?([0-9]{2})[_.-]([0-9]{2})[_.-])?c?([0-9]{4})", re.IGNORECASE)
_NEVER = "9999-12-31"
_HEADING_ROWS = 6  # codes, headings, types: whichever rows of them an export repeats
_SUBSTITUTABILITY: tuple[Substitutability, ...] = get_args(Substitutability)  # the worst first, as in the next
_REINTEGRATION: tuple[Reintegration, ...] = get_args(Reintegration)


@dataclass(frozen=True, slots=True)
class _Record:
    """One row of a template, its cells by the number of their column."""

    cells: Mapping[str, str]
    origin: Origin

    def get(self, column: str) -> str:
        """Return what stands in a column; what stands for nothing is nothing."""
        text = words_of(self.cells.get(column, ""))
        return "" if says_nothing(text) or text.casefold() == "eba_zz:x0" else text

    def word(self, column: str, codes: Mapping[str, str]) -> str:
        """Return the word for what stands in a column with a closed list, as code or label."""
        return codes.get(self.get(column).casefold(), "")

    def date(self, column: str) -> str | None:
        """Return the date in a column; the far future stands for none."""
        text = self.get(column)[:10]
        return text if text != _NEVER and iso_date(text) is not None else None


@dataclass(slots=True)
class _Arrangement:
    """A contractual arrangement with one provider, gathered from the rows of several templates."""

    reference: str
    provider: str
    origin: Origin
    starts: str | None = None
    ends: str | None = None
    notice_days: int | None = None
    critical: bool = False
    types: dict[str, None] = field(default_factory=dict)
    substitutability: list[str] = field(default_factory=list)
    audits: list[str] = field(default_factory=list)
    reintegration: list[str] = field(default_factory=list)
    exit_plans: list[bool] = field(default_factory=list)
    substitutes: dict[str, None] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What identifies it."""
        return f"{self.reference} with {self.provider}"


Register = Mapping[str, list[_Record]]


def read_dora(files: Mapping[str, bytes], findings: Findings) -> Facts:
    """Return what the templates of a register say."""
    facts = Facts()
    register: dict[str, list[_Record]] = defaultdict(list)
    for file, data in files.items():
        table = read_table(file, data, findings)
        if table is not None:
            template, records = _records(table)
            if template is None:
                message = "expected a template of the register of information, B_01.01 to B_07.01"
                remedy = "Name the file for its template, as in b_02.02.csv, or keep the headings of the Annex."
                findings.error("HF154", Place(file, 1), message, remedy)
            elif template not in TEMPLATES:
                for record in records:
                    facts.leave(record.origin, f"row of {template}", NOT_READ)
            else:
                register[template] += records
    reported = _institution(facts, register)
    functions = _functions(facts, register)
    arrangements = _arrangements(facts, register, functions)
    _assess(facts, register, arrangements)
    names = _providers(facts, register, arrangements, reported)
    _add_arrangements(facts, arrangements, names, reported)
    _support(facts, register, arrangements, names)
    _chains(facts, register, names)
    return facts


def _records(table: CsvTable) -> tuple[str | None, list[_Record]]:
    """Return which template a table is and its rows, by the codes of its columns or their headings."""
    rows: list[tuple[Mapping[str, str], int]] = [({name: name for name in table.headings}, 0)]
    rows += [(row.cells, row.number) for row in table.rows[:_HEADING_ROWS]]
    in_file = _NAME_IN_FILE.search(table.file.casefold())
    template = f"B_{in_file[1]}.{in_file[2]}" if in_file else None
    columns: dict[str, str] = {}
    last = 0
    for cells, number in rows:
        codes = {heading: _CODE.fullmatch(cell.strip()) for heading, cell in cells.items() if cell.strip()}
        if codes and all(codes.values()):
            columns = {heading: code[3] for heading, code in codes.items() if code}
            named = next((code for code in codes.values() if code and code[1]), None)
            template = f"B_{named[1]}.{named[2]}" if named else template
            last = max(last, number)
    by_heading = {_plain_heading(heading): heading for heading in table.headings}
    if template is None or not columns:
        template, columns = _by_headings(template, by_heading, columns)
    if template is None:
        return None, []
    kept = [row for row in table.rows if row.number > last and not _repeats(row, table)]
    return template, [_record(row, columns, table.file) for row in kept]


def _record(row: Row, columns: Mapping[str, str], file: str) -> _Record:
    cells = {column: row.cells.get(heading, "") for heading, column in columns.items()}
    return _Record(cells, Origin(file, f"row {row.number}"))


def _by_headings(
    template: str | None, by_heading: Mapping[str, str], columns: dict[str, str]
) -> tuple[str | None, dict[str, str]]:
    """Return the template whose headings a table has, and its columns."""
    found = {
        name: {by_heading[heading]: column for heading, column in headings.items() if heading in by_heading}
        for name, headings in HEADINGS.items()
        if template in {None, name}
    }
    best = max(found, key=lambda name: len(found[name]), default=None)
    if best is None or len(found[best]) < 2:  # noqa: PLR2004  (one heading alone is in several templates)
        return (template, columns) if template not in TEMPLATES else (None, columns)
    return best, found[best]


def _plain_heading(heading: str) -> str:
    return " ".join(re.findall(r"[a-z]+", heading.casefold()))


def _repeats(row: Row, table: CsvTable) -> bool:
    """Return whether a row is a second line of headings or one of types, as some exports have."""
    cells = [_plain_heading(cell) for cell in row.cells.values() if cell]
    known = {heading for headings in HEADINGS.values() for heading in headings}
    types = {"alphanumerical", "pattern", "closed set of options", "date", "natural number", "country", "yes no"}
    near = row.number <= table.rows[0].number + _HEADING_ROWS
    return near and bool(cells) and 2 * sum(cell in known or cell in types for cell in cells) >= len(cells)


def _institution(facts: Facts, register: Register) -> str | None:
    """Take the institution's name; return the date of the register."""
    reported = None
    for record in register["B_01.01"]:
        facts.institution = facts.institution or record.get("0020") or None
        reported = record.date("0060") or reported
        facts.take(record.origin, f"entity {record.get('0020')}")
    return reported


def _functions(facts: Facts, register: Register) -> dict[str, bool]:
    """Add the functions that are critical or important, as services; return which functions there are."""
    found = {}
    # Before the correction of 2025 a column stood before the criticality, and all behind it was one further on.
    moved = any("0110" in record.cells for record in register["B_06.01"])
    critical, reasons, rto, rpo, impact = (
        ("0060", "0070", "0090", "0100", "0110") if moved else ("0050", "0060", "0080", "0090", "0100")
    )
    for record in register["B_06.01"]:
        identifier, name = record.get("0010"), record.get("0030")
        what = f"function {name or identifier}"
        if not identifier:
            facts.leave(record.origin, what, NO_KEY)
            continue
        assessed = record.word(critical, CRITICAL)
        found[identifier] = assessed != NO
        key = f"function {identifier}"
        if assessed == NO:
            facts.leave(record.origin, what, NOT_CRITICAL, "", key)
            continue
        values = said(title=name or identifier)
        if assessed != YES:
            guess = "that it is important: its assessment was not performed" if assessed == NOT_PERFORMED else None
            values = {"title": Said(name or identifier, guess or "that it is important: its assessment is not given")}
        if record.get(reasons):
            because = {"harm": ["clients"], "basis": record.get(reasons)}
            values["why_important"] = Said(because, "whom its loss harms: the register does not say")
        values |= _objectives(record, rto, rpo) | said(criticality=IMPACTS.get(record.get(impact).casefold()))
        facts.things.append(Thing(key, name or identifier, "service", record.origin, values))
    return found


def _objectives(record: _Record, rto: str, rpo: str) -> dict[str, Said]:
    """Return the objectives: whole hours, where 1 is also said of less than one, and 0 of none at all."""
    found = {}
    for key, column in (("rto", rto), ("rpo", rpo)):
        hours = record.get(column)
        if hours.isdecimal() and int(hours) and duration_ms(f"{int(hours)}h") is not None:
            found[key] = Said(
                f"{int(hours)}h", "1 hour is reported, which also stands for less" if hours == "1" else None
            )
    return found


def _arrangements(facts: Facts, register: Register, functions: Mapping[str, bool]) -> dict[str, _Arrangement]:
    """Gather the arrangements from B_02.02, and from B_03.02 those that support nothing."""
    found: dict[str, _Arrangement] = {}
    for record in register["B_02.02"]:
        reference, provider = record.get("0010"), record.get("0030")
        if not reference or not provider:
            facts.leave(record.origin, f"arrangement {reference}", PROVIDER if reference else NO_KEY)
            continue
        arrangement = _Arrangement(reference, provider, record.origin)
        arrangement = found.setdefault(arrangement.key, arrangement)
        arrangement.starts = min(filter(None, [arrangement.starts, record.date("0070")]), default=None)
        arrangement.ends = max(filter(None, [arrangement.ends, record.date("0080")]), default=None)
        notice = record.get("0110") or record.get("0100")
        if notice.isdecimal() and duration_ms(f"{int(notice)}d") is not None:
            arrangement.notice_days = min(filter(None, [arrangement.notice_days, int(notice)]), default=None)
        arrangement.critical = arrangement.critical or functions.get(record.get("0050"), False)
        arrangement.types[SERVICE_TYPES.get(record.get("0060").casefold(), record.get("0060"))] = None
    for record in register["B_03.02"]:
        reference, provider = record.get("0010"), record.get("0020")
        if reference and provider:
            arrangement = _Arrangement(reference, provider, record.origin)
            found.setdefault(arrangement.key, arrangement)
            facts.take(record.origin, f"signature of {reference}")
    references = {each.reference for each in found.values()}
    for record in register["B_02.01"]:
        if record.get("0010") not in references:
            facts.leave(record.origin, f"arrangement {record.get('0010')}", PROVIDER)
        else:
            facts.take(record.origin, f"arrangement {record.get('0010')}")
    return found


def _assess(facts: Facts, register: Register, arrangements: Mapping[str, _Arrangement]) -> None:
    """Bring the assessments of B_07.01 into the arrangements; the worse of two counts."""
    for record in register["B_07.01"]:
        arrangement = arrangements.get(f"{record.get('0010')} with {record.get('0020')}")
        what = f"assessment of {record.get('0010')}"
        if arrangement is None:
            facts.leave(record.origin, what, ASSESSMENT, record.get("0020"))
            continue
        if word := record.word("0050", SUBSTITUTABILITY):
            arrangement.substitutability.append(word)
        if word := record.word("0090", REINTEGRATION):
            arrangement.reintegration.append(word)
        if audit := record.date("0070"):
            arrangement.audits.append(audit)
        if (exit_plan := record.word("0080", CRITICAL)) in {YES, NO}:
            arrangement.exit_plans.append(exit_plan == YES)
        if record.get("0120"):
            arrangement.substitutes[record.get("0120")] = None
        facts.take(record.origin, what)


def _providers(
    facts: Facts, register: Register, arrangements: Mapping[str, _Arrangement], reported: str | None
) -> dict[str, str]:
    """Return the key of each provider by its code, and by its name in small letters; add those that are things."""
    several = defaultdict(list)
    for arrangement in arrangements.values():
        several[arrangement.provider].append(arrangement)
    twelve = any("0120" in record.cells for record in register["B_05.01"])
    found = {}
    for record in register["B_05.01"]:
        code = record.get("0010")
        latin = record.get("0060") or record.get("0050")
        name = (latin if twelve else record.get("0030")) or record.get("0030") or code
        if not code:
            facts.leave(record.origin, f"provider {name}", NO_KEY)
            continue
        found[code] = f"provider {code}"
        found.setdefault(name.casefold(), found[code])
        facts.add_once(Thing(found[code], name, "resource", record.origin, _third_party(several[code], reported)))
    for code, theirs in several.items():
        if code not in found:
            found[code] = f"provider {code}"
            facts.add_once(Thing(found[code], code, "resource", theirs[0].origin, _third_party(theirs, reported)))
    for record in register["B_05.02"]:
        code = record.get("0030")
        if code and code not in found:
            found[code] = f"provider {code}"
            facts.add_once(Thing(found[code], code, "resource", record.origin, kind_said("third-party")))
    return found


def _third_party(arrangements: list[_Arrangement], reported: str | None) -> dict[str, Said]:
    """Return the values of a provider; with one arrangement, the two are one thing."""
    return kind_said("third-party") | (_contract(arrangements[0], reported) if len(arrangements) == 1 else {})


def _contract(arrangement: _Arrangement, reported: str | None) -> dict[str, Said]:
    """Return what is known of an arrangement: its contract, how hard it is to replace, whether one could leave it."""
    values: dict[str, Plain] = {"reference": arrangement.reference}
    notice = f"{arrangement.notice_days}d" if arrangement.notice_days else None
    given = {"starts": arrangement.starts, "ends": arrangement.ends, "notice": notice}
    values |= {key: text for key, text in given.items() if text}
    values["critical"] = "true" if arrangement.critical else "false"
    # Of several assessments the worst of each.
    if arrangement.audits:
        values["audited"] = min(arrangement.audits)
    if arrangement.reintegration:
        values["reintegration"] = min(arrangement.reintegration, key=_REINTEGRATION.index)
    found = {"contract": Said(values)}
    if arrangement.substitutability:
        found["substitutability"] = Said(min(arrangement.substitutability, key=_SUBSTITUTABILITY.index))
    if arrangement.exit_plans and all(arrangement.exit_plans) and reported:
        guess = f"its date; the register of {reported} says that there is a plan"
        found["exit"] = Said({"plan_seen": reported}, guess)
    return found


def _add_arrangements(
    facts: Facts, arrangements: Mapping[str, _Arrangement], names: Mapping[str, str], reported: str | None
) -> None:
    """Add the arrangements of providers with several, substitutes, and what is known of leaving."""
    count = Counter(arrangement.provider for arrangement in arrangements.values())
    for arrangement in arrangements.values():
        key = names[arrangement.provider]
        if count[arrangement.provider] > 1:
            key = arrangement.key
            types = ", ".join(filter(None, arrangement.types))
            title = said(title=f"{arrangement.reference}: {types}" if types else None)
            values = kind_said("third-party") | title | _contract(arrangement, reported)
            facts.things.append(Thing(key, arrangement.reference, "resource", arrangement.origin, values))
            what = f"{arrangement.reference} is provided by {arrangement.provider}"
            facts.links.append(Link("needs", key, names[arrangement.provider], arrangement.origin, what))
        for substitute in arrangement.substitutes:
            other = names.get(substitute) or names.get(substitute.casefold()) or substitute
            what = f"{substitute} could replace {arrangement.provider}"
            facts.links.append(Link("substitute", key, other, arrangement.origin, what))


def _support(
    facts: Facts, register: Register, arrangements: Mapping[str, _Arrangement], names: Mapping[str, str]
) -> None:
    """Let functions need the arrangements that support them."""
    keys = {thing.key for thing in facts.things}
    for record in register["B_02.02"]:
        arrangement = arrangements.get(f"{record.get('0010')} with {record.get('0030')}")
        if arrangement is None:
            continue
        target = arrangement.key if arrangement.key in keys else names[arrangement.provider]
        function = record.get("0050")
        what = f"function {function} is supported by {arrangement.reference}"
        if function:
            facts.links.append(Link("needs", f"function {function}", target, record.origin, what))
        else:
            facts.leave(record.origin, f"arrangement {arrangement.reference}", NO_FUNCTION)


def _chains(facts: Facts, register: Register, names: Mapping[str, str]) -> None:
    """Add who hands on work to whom: the recipient of a rank subcontracts to the provider of the next."""
    for record in register["B_05.02"]:
        provider, recipient, rank = record.get("0030"), record.get("0060"), record.get("0050")
        what = f"{provider} works for {recipient or 'the institution'} under {record.get('0010')}"
        if rank == "1" or (not recipient and rank in {"", "1"}):
            facts.take(record.origin, what)
        elif not provider or not recipient:
            facts.leave(record.origin, what, NO_KEY)
        else:
            source = names.get(recipient, f"provider {recipient}")
            facts.links.append(Link("subcontract", source, names[provider], record.origin, what))
