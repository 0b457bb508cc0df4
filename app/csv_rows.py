"""Reads people from a CSV file; a bad line is reported and does not stop it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from marshmallow import ValidationError

from . import people
from .csv_records import records
from .people import Person

COLUMNS: Final = ("name", "email", "age")
DELIMITERS: Final = (",", ";", "\t")
LINE_ENDS: Final = ("\n", "\r\n", "\r")
EXPECTED: Final = (
    "the first line must name the columns name, email, age, separated by comma, semicolon or tab,"
    " in UTF-8 or in UTF-16 with a byte order mark"
)
SHOWN: Final = 60
SPOILT: Final = "flask-simmer.spoilt"
# Lone surrogates: bytes that are no UTF-16 make their own line bad, not the file unreadable.
codecs.register_error(SPOILT, lambda error: ("\udfff", getattr(error, "end", 0)))


class BadHeader(ValueError):
    """The first line does not name the columns; the message says what is there and what is expected."""


class BadLine(NamedTuple):
    """A data line that is not a user: the number of its first line (the header is 1), and the reason."""

    line: int
    reason: str


GoodLine = tuple[int, Person]
"""A data line that is a user, and where it begins."""
Line = GoodLine | BadLine


class Table(NamedTuple):
    """An open file behind its header."""

    header: list[str]
    delimiter: str
    rows: Iterator[tuple[int, list[str] | str]]


def check_header(path: Path) -> None:
    """Raise BadHeader unless the file begins with the names of the columns."""
    with _opened(path) as file:
        _begun(file)


def count(path: Path) -> int:
    """The number of data lines; blank lines do not count."""
    # Lines without quotes are counted without parsing them: this pass precedes every import.
    with _opened(path) as file:
        table = _begun(file)
        plain = 0
        for line in file:
            if '"' in line:  # from here on a record may span several lines
                return plain + sum(1 for _ in records(chain([line], file), table.delimiter))
            plain += line not in LINE_ENDS
        return plain


def read(path: Path) -> Iterator[Line]:
    """Each data line in order: a person with the number of its line, or a BadLine. Raises BadHeader."""
    with _opened(path) as file:
        header, _, rows = _begun(file)
        names, width = _names(header), len(header)
        pick = itemgetter(*(names.index(column) for column in COLUMNS))
        for line, record in rows:
            if isinstance(record, str):
                yield BadLine(line, record)
            elif len(record) != width:
                yield BadLine(line, f"{len(record)} fields instead of {width}")
            else:
                try:
                    yield line, people.from_text(*pick(record))
                except ValidationError as error:
                    yield BadLine(line, " ".join(str(message) for message in error.messages))


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        mark = file.read(4)
    if mark in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise BadHeader(f"the file is UTF-32: {EXPECTED}")
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return path.open(encoding="utf-16", errors=SPOILT, newline="")
    # surrogateescape: bytes that are not UTF-8 make their own line bad, not the file unreadable.
    # utf-8-sig: Excel writes a byte order mark. newline="": csv handles line breaks in quotes itself.
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _begun(file: TextIO) -> Table:
    """The file behind its header, with the separator that makes the columns of it. Raises BadHeader."""
    found: list[str] = []
    by = ","
    for delimiter in DELIMITERS:
        file.seek(0)
        rows = records(file, delimiter)
        _, header = next(rows, (1, []))
        if isinstance(header, str):
            raise BadHeader(f"the first line cannot be read, {header}: {EXPECTED}")
        if all(_names(header).count(column) == 1 for column in COLUMNS):
            return Table(header, delimiter, rows)
        if len(header) > len(found):
            found, by = header, delimiter
    file.seek(0)
    raise _no_header(by.join(found), _names(found), is_empty=not file.read(1))


def _names(header: list[str]) -> list[str]:
    return [name.strip().lower() for name in header]


def _no_header(text: str, names: list[str], is_empty: bool) -> BadHeader:
    if is_empty:
        return BadHeader(f"the file is empty: {EXPECTED}")
    column = next(column for column in COLUMNS if names.count(column) != 1)
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
    nul = ", with NUL bytes as UTF-16 without a byte order mark has them" if "\0" in text else ""
    return BadHeader(f"{column} is there {names.count(column)} times in {shown!r}{nul}: {EXPECTED}")
