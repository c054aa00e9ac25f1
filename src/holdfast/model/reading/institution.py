"""The institution's business day, and the range that its drills may break."""

from __future__ import annotations

import re

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.types import Calendar, Extension, Range

_OPTION = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)


def read_calendar(reading: Reading, node: Node) -> Calendar:
    """Return the business day; it must open before its cut-off and be closed after it."""
    fields = Fields(reading, node, keys.CALENDAR, "calendar")
    timezone = fields.text("timezone")
    zones = reading.vocabulary.timezones
    if zones and fields.sound("timezone") and timezone not in zones:
        remedy = reading.findings.did_you_mean(timezone, zones)
        message = f"expected a time zone of the IANA database, got {shown(timezone)}"
        fields.error("HF111", "timezone", message, f"{remedy}Write a name such as Europe/Amsterdam.")
    opens, cut_off, close_by = fields.number("open"), fields.number("cut_off"), fields.number("close_by")
    early, late = fields.sound("open", "cut_off"), fields.sound("cut_off", "close_by")
    if early and opens >= cut_off:
        fields.error("HF123", "cut_off", "expected cut_off after open", "Put the times of the day in order.")
    if late and cut_off >= close_by:
        fields.error("HF123", "close_by", "expected close_by after cut_off", "Put the times of the day in order.")
    return Calendar(
        timezone=timezone,
        open_min=opens,
        cut_off_min=cut_off,
        close_by_min=close_by,
        cut_offs=fields.quantities("cut_offs"),
        extension=_read_extension(fields),
        holidays=fields.dates("holidays"),
    )


def _read_extension(calendar: Fields) -> Extension | None:
    """Return by how much the close may be moved, and by whom."""
    if "extension" not in calendar:
        return None
    fields = calendar.sub("extension", keys.EXTENSION)
    return Extension(fields.number("max"), fields.names("needs", "role"))


def read_range(reading: Reading, node: Node) -> Range:
    """Return how the range is started and what a scenario may ask of it."""
    fields = Fields(reading, node, keys.RANGE, "range")
    words = (reading.word(node, "a text in command") for node in fields.items("command"))
    command = tuple(word.text for word in words if word is not None)
    if fields.sound("command") and not command:
        fields.error("HF107", "command", "expected a command, got an empty list", "Write [program, argument].")
    options: dict[str, tuple[str, ...]] = {}
    table = fields.table("options")
    if table is not None:
        given = Fields(reading, table, dict.fromkeys(table.entries, keys.Key("list")), "options of range")
        for name, values in table.entries.items():
            if not _OPTION.fullmatch(name):
                message = f"expected the name of an option, got {shown(name)}"
                reading.findings.error("HF110", values.place, message, "Use small letters, digits and '-'.")
                continue
            options[name] = given.texts(name)
            if given.sound(name) and not options[name]:
                message = f"expected the values that {shown(name)} takes, got none"
                reading.findings.error("HF107", values.place, message, "Write [default, other].")
    return Range(command, fields.text("profile"), options)
