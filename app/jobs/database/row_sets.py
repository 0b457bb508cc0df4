"""Lists and rows that a statement gets as one parameter: JSON that the database reads as a table.

One statement for all the rows of a turn costs a fraction of one for each of them: the driver releases the
interpreter's lock, and has to win it back, once a statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_


def as_json(rows: Iterable[Any]) -> str:
    """The parameter for `rows`: texts, or lists of JSON values; times as `as_text` has them."""
    return json.dumps(list(rows))


def as_text(moment: datetime | None) -> str | None:
    """A time in UTC without a zone: as SQLite stores it, and in a row set."""
    return None if moment is None else moment.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def from_text(value: str | None) -> datetime | None:
    """The time that `as_text` wrote."""
    # With the offset in the text it is a sixth of the time that a `replace` of the zone takes.
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def shared_or_of(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row is for every app, or for the one of the parameter `app`; for None the former only."""
    return or_(column.is_(None), column == bindparam("app", type_=column.type))


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text `column` as a guard that no index is to be chosen for: the rows are found by their key."""
    return column.concat("")
