"""Files of one JSON value a line, to typed rows: each file whole or not at all, with the line that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

MAX_LINE_BYTES = 1024 * 1024
MAX_LINES = 5_000_000

Row = TypeVar("Row")


class Malformed(Exception):
    """This file is not what it should be; the text says why."""


def adapter(form: Any, *types: type) -> TypeAdapter[Any]:  # noqa: ANN401 - a union type has no type of its own
    """Return what reads a row of this form; these types of it take nothing that would have to be converted."""
    for row in types:
        with_config(ConfigDict(strict=True))(row)
    return TypeAdapter(form)


def read_lines(data: bytes, at_most: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number; a last line without its end was cut off while being written.

    More lines than ``at_most``, or else ``MAX_LINES``, are not read.
    """
    limit = MAX_LINES if at_most is None else at_most
    if not data:
        raise Malformed("it is empty")
    if not data.endswith(b"\n"):
        raise Malformed("its last line is cut off")
    lines = data.split(b"\n")[:-1]
    if len(lines) > limit:
        raise Malformed(f"it has {len(lines):,} lines; at most {limit:,} are read")
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_BYTES:
            raise Malformed(f"line {number} has {len(line):,} bytes; at most {MAX_LINE_BYTES:,} are read")
        yield number, line


def read_rows(data: bytes, form: TypeAdapter[Row], at_most: int | None = None) -> Iterator[Row]:
    """Yield each line as its type; of how many lines, see ``read_lines``."""
    for number, line in read_lines(data, at_most):
        yield read_row(number, line, form)


def read_row(number: int, line: bytes, form: TypeAdapter[Row]) -> Row:
    """Return a line as its type."""
    try:
        return form.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Malformed(f"line {number}: {where + ': ' if where else ''}{first['msg']}") from None
