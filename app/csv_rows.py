"""Reads people from a CSV file; a bad line is reported and does not stop it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TextIO

from marshmallow import ValidationError

from . import people
from .people import Person

COLUMNS: Final = ("name", "email", "age")
LINE_ENDS: Final = ("\n", "\r\n", "\r")


class BadHeader(ValueError):
    """The first line does not name the columns; the message says which."""


class Reader(Iterator[list[str]], Protocol):
    """The type of csv.reader."""

    line_num: int


class BadLine(NamedTuple):
    """A data line that is not a user: the number of its first line (the header is 1), and the reason."""

    line: int
    reason: str


Line = Person | BadLine


def check_header(path: Path) -> None:
    """Raise BadHeader unless the file begins with the names of the columns."""
    with _opened(path) as file:
        _column_indexes(_first_record(csv.reader(file)))


def count(path: Path) -> int:
    """The number of data lines; blank lines do not count."""
    # Lines without quotes are counted without parsing them: this pass precedes every import.
    with _opened(path) as file:
        _first_record(csv.reader(file))
        plain = 0
        for line in file:
            if '"' in line:  # from here on a record may span several lines
                return plain + sum(1 for _ in _records(csv.reader(chain([line], file))))
            plain += line not in LINE_ENDS
        return plain


def read(path: Path) -> Iterator[Line]:
    """Each data line in order: a person, or a BadLine. Raises BadHeader."""
    with _opened(path) as file:
        reader = csv.reader(file)
        header = _first_record(reader)
        pick, width = itemgetter(*(_column_indexes(header)[column] for column in COLUMNS)), len(header)
        for line, record in _records(reader):
            if isinstance(record, str):
                yield BadLine(line, record)
            elif len(record) != width:
                yield BadLine(line, f"{len(record)} fields instead of {width}")
            else:
                try:
                    yield people.from_text(*pick(record))
                except ValidationError as error:
                    yield BadLine(line, " ".join(str(message) for message in error.messages))


def _opened(path: Path) -> TextIO:
    # surrogateescape: bytes that are not UTF-8 make their own line bad, not the file unreadable.
    # utf-8-sig: Excel writes a byte order mark. newline="": csv handles line breaks in quotes itself.
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _first_record(reader: Reader) -> list[str]:
    try:
        return next(reader)
    except StopIteration:
        raise BadHeader("the file is empty: its first line must name the columns name, email, age") from None
    except csv.Error as error:
        raise BadHeader(f"the first line cannot be read: {error}") from None


def _column_indexes(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    for column in COLUMNS:
        if names.count(column) != 1:
            raise BadHeader(
                f"the first line must name the columns name, email, age: {column} is there "
                f"{names.count(column)} times"
            )
    return {column: names.index(column) for column in COLUMNS}


def _records(reader: Reader) -> Iterator[tuple[int, list[str] | str]]:
    """Each record with the number of its first line; a str is the reason why it cannot be read."""
    line = reader.line_num + 1
    while True:
        try:
            for record in reader:
                if record:
                    yield line, record
                line = reader.line_num + 1
            return
        except csv.Error as error:  # the reader can go on behind the bad record
            yield line, str(error)
            line = reader.line_num + 1
