"""Pages of PostgreSQL's tables as they lie on disk: where a page is, what it holds, and whether its checksum is right.

The checksum is that of ``storage/checksum_impl.h`` (PostgreSQL 9.3 and later): 32 lanes of a hash after Fowler, Noll
and Vo over the page with the field of the checksum taken as zero, mixed with the number of the block.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from holdfast.connectors import postgres
from holdfast.connectors.postgres import Server
from holdfast.errors import EnvironmentProblem

PAGE_BYTES = 8192
SEGMENT_PAGES = 131_072  # a table's file ends at 1 GiB, and the next one begins (RELSEG_SIZE)
SCAN_TIMEOUT_S = 10.0

_CHECKSUM_AT = 8  # pd_checksum in PageHeaderData
_PRIME = 16_777_619
_MASK = 0xFFFF_FFFF
LANES = (
    0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
    0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
    0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
    0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a table lies: the file below the data directory, the offset in it, and its block's number."""

    file: Path
    offset: int
    block: int


def locate(server: Server, database: str, table: str, block: int) -> Place | None:
    """Return where a block of a table lies on this copy, ``None`` if the table has no such block; HF306."""
    with postgres.session(replace(server, database=database), postgres.STATEMENT_TIMEOUT_S) as connection:
        asked = "SELECT current_setting('data_directory'), pg_relation_filepath(%(table)s), pg_relation_size(%(table)s)"
        row = connection.execute(f"{asked}::bigint".encode(), {"table": table}).fetchone()
    if row is None or row[1] is None or block >= int(row[2]) // PAGE_BYTES:
        return None
    segment, within = divmod(block, SEGMENT_PAGES)
    file = f"{row[1]}.{segment}" if segment else str(row[1])
    return Place(Path(str(row[0])) / file, within * PAGE_BYTES, block)


def scan_fails(server: Server, database: str, table: str) -> str | None:
    """Read a whole table in a fresh session; return the server's complaint, ``None`` if it had none. HF306."""
    schema, _, name = table.rpartition(".")
    query = psycopg.sql.SQL("SELECT count(*) FROM ONLY {}").format(psycopg.sql.Identifier(schema, name))
    with postgres.session(replace(server, database=database), SCAN_TIMEOUT_S) as connection:
        try:
            connection.execute("SET LOCAL enable_indexonlyscan = off")
            connection.execute(query)
        except (psycopg.errors.DataCorrupted, psycopg.errors.InternalError) as error:
            connection.rollback()
            return str(error).strip().splitlines()[0]
    return None


def read(root: Path, place: Place) -> bytes:
    """Return a page as it lies on the disk of a host whose files are seen at ``root``; HF306 if it cannot be read."""
    try:
        with (root / place.file.relative_to("/")).open("rb") as file:
            file.seek(place.offset)
            page = file.read(PAGE_BYTES)
    except OSError as error:
        message = f"a page of {place.file.name} cannot be read: {error.strerror}"
        raise EnvironmentProblem("HF306", message, remedy="see whether the host has power and the copy runs") from error
    return page


def sound(page: bytes, block: int) -> bool:
    """Return whether a page has the checksum that it says. One that was never written is all zeros, and sound."""
    stored = struct.unpack_from("<H", page, _CHECKSUM_AT)[0]
    return not any(page) or stored == checksum(page, block)


def checksum(page: bytes, block: int) -> int:
    """Return the checksum of a page of ``PAGE_BYTES`` as PostgreSQL computes it."""
    cleared = page[:_CHECKSUM_AT] + b"\0\0" + page[_CHECKSUM_AT + 2 :]
    words = struct.unpack(f"<{PAGE_BYTES // 4}I", cleared)
    sums = list(LANES)
    for row in range(0, len(words), len(LANES)):
        for lane, word in enumerate(words[row : row + len(LANES)]):
            sums[lane] = _mixed(sums[lane], word)
    result = 0
    for total in sums:
        result ^= _mixed(_mixed(total, 0), 0)
    return (result ^ block) % 65_535 + 1


def _mixed(total: int, word: int) -> int:
    mixed = total ^ word
    return (mixed * _PRIME & _MASK) ^ (mixed >> 17)
