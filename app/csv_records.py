"""The records of a CSV file, each with its line; one whose quote stays open takes no others with it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

LONGEST_FIELD: Final = 64 * 1024
MOST_LINES: Final = 1_000
MOST_UNREADABLE: Final = 100
_RECORD: Final = 4
"""A record may be so many times as long as a field: it bounds what is read twice."""


class _Unreadable(Exception):
    """The record that begins with the lines held cannot be read; the message says why."""


def records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each record that is not blank with the line on which it begins; a text instead says what is wrong.

    After a record that cannot be read the next line is read as the beginning of another one; after a hundred
    of them each line is a record by itself, so that no file takes longer than its size says.
    """
    lines, again, line = iter(lines), deque[str](), 1
    for record in csv.reader(_plain(lines, again), delimiter=delimiter):
        if record:
            yield line, record
        line += 1
    for _ in range(MOST_UNREADABLE):
        held: list[str] = []
        reader = csv.reader(_watched(chain(_taken(again), lines), held, delimiter), delimiter=delimiter)
        try:
            for record in reader:
                if len(held) > 1:
                    _check_quotes(held, delimiter)
                if record:
                    yield line, record
                line += len(held)
                held.clear()
            return
        except (_Unreadable, csv.Error) as error:
            yield line, str(error)
            again.extendleft(reversed(held[1:]))
            line += 1
    for place, text in enumerate(chain(_taken(again), lines), start=line):
        record_or_reason = _alone(text, delimiter)
        if record_or_reason:
            yield place, record_or_reason


def _alone(line: str, delimiter: str) -> list[str] | str:
    """The record that one line is, or why it is none: its quotes must close."""
    try:
        return next(csv.reader(_watched(iter([line]), [], delimiter), delimiter=delimiter), [])
    except (_Unreadable, csv.Error) as error:
        return str(error)


def _plain(lines: Iterator[str], again: deque[str]) -> Iterator[str]:
    """The lines up to the first that may be no record of its own: it goes to `again`."""
    for line in lines:
        if '"' in line or len(line) > LONGEST_FIELD:
            again.append(line)
            return
        yield line


def _taken(again: deque[str]) -> Iterator[str]:
    while again:
        yield again.popleft()


def _watched(lines: Iterator[str], held: list[str], delimiter: str) -> Iterator[str]:
    """The lines, each held until its record is complete; raises _Unreadable for a field that is too long."""
    most, longest, size = MOST_LINES, LONGEST_FIELD, 0
    for line in lines:
        if held:
            size += len(line)
        else:
            most, longest, size = MOST_LINES, LONGEST_FIELD, len(line)
        held.append(line)
        if size > longest or len(held) > most:
            still_open = _last_field(held, delimiter)
            longest = size + LONGEST_FIELD - len(still_open)
            most = len(held) + MOST_LINES - _lines_of(still_open)
        yield line
    if held:
        raise _Unreadable("a quote is opened here and never closed")


def _check_quotes(held: list[str], delimiter: str) -> None:
    """Raise _Unreadable where the quote that leads on to another line was closed by one of another field."""
    try:
        list(csv.reader(held, delimiter=delimiter, strict=True))
    except csv.Error:
        raise _Unreadable("a quote is opened here and not closed where its field ends") from None


def _last_field(held: list[str], delimiter: str) -> str:
    """The last field of these lines, which end within it; raises _Unreadable where they are no record."""
    too_long = _Unreadable(
        f"a field has more than {MOST_LINES:,} lines or {LONGEST_FIELD // 1024} KiB: is its quote closed?"
    )
    try:
        fields = next(csv.reader(held, delimiter=delimiter))
    except csv.Error:
        raise too_long from None
    if len(held) > _RECORD * MOST_LINES or sum(map(len, fields)) > _RECORD * LONGEST_FIELD:
        raise too_long
    if any(len(field) > LONGEST_FIELD or _lines_of(field) > MOST_LINES for field in fields):
        raise too_long
    return fields[-1]


def _lines_of(field: str) -> int:
    return max(field.count("\n"), field.count("\r")) + 1
