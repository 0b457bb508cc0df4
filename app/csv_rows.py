"""Reads people from a CSV file, line by line, and never gives up over a bad one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from marshmallow import ValidationError

from . import people

COLUMNS: Final = ("name", "email", "age")

Pick = Callable[[list[str]], tuple[str, str, str]]
"""Takes the three columns from a record, wherever they stand."""


class BadHeader(ValueError):
    """The first line does not name the columns; the message says which."""


class Reader(Protocol):
    """What csv.reader makes."""

    line_num: int

    def __next__(self) -> list[str]:
        """The next record; raises StopIteration and csv.Error."""


class Row(NamedTuple):
    """One data line: `values` of a user, or the `reason` why there are none. The header is line 1."""

    line: int
    values: Mapping[str, Any] | None = None
    reason: str | None = None


def check_header(path: Path) -> None:
    """Raise BadHeader unless the file begins with the names of the columns."""
    with _opened(path) as reader:
        _places(_first_record(reader))


def count(path: Path) -> int:
    """The number of data lines; blank lines are none."""
    with _opened(path) as reader:
        _first_record(reader)
        return sum(1 for _ in _records(reader))


def read(path: Path) -> Iterator[Row]:
    """Every data line in order, good or bad. Raises BadHeader."""
    with _opened(path) as reader:
        header = _first_record(reader)
        pick = itemgetter(*(_places(header)[column] for column in COLUMNS))
        for line, record in _records(reader):
            yield _row(line, record, pick, len(header))


@contextmanager
def _opened(path: Path) -> Iterator[Reader]:
    # Bytes that are not UTF-8 spoil their own line only: they become halves of surrogate pairs.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield csv.reader(file)


def _first_record(reader: Reader) -> list[str]:
    try:
        return next(reader)
    except StopIteration:
        raise BadHeader("the file is empty: its first line must name the columns name, email, age") from None
    except csv.Error as error:
        raise BadHeader(f"the first line cannot be read: {error}") from None


def _places(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    for column in COLUMNS:
        if names.count(column) != 1:
            raise BadHeader(
                f"the first line must name the columns name, email, age: {column} is there "
                f"{names.count(column)} times"
            )
    return {column: names.index(column) for column in COLUMNS}


def _records(reader: Reader) -> Iterator[tuple[int, list[str] | str]]:
    """Each record with the line that it begins on; a text instead says why it cannot be read."""
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, str(error)
            continue
        if record:
            yield line, record


def _row(
    line: int, record: list[str] | str, pick: Callable[[list[str]], tuple[str, str, str]], width: int
) -> Row:
    if isinstance(record, str):
        return Row(line, reason=record)
    if len(record) != width:
        return Row(line, reason=f"{len(record)} fields instead of {width}")
    try:
        values = people.from_text(*pick(record))
    except ValidationError as error:
        return Row(line, reason=" ".join(str(message) for message in error.messages))
    return Row(line, values=values)
