"""Writes as values: a statement in the driver's words and the rows that it is for.

Core looks at each name of each row, which takes longer than the database does; and what is a value can
share a transaction, and a statement, with others of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Dialect, Table

MARKS: Final = {"qmark": "?", "format": "%s", "pyformat": "%s"}
"""How a driver marks the place of a value, by its paramstyle."""
MOST_ROWS: Final = 100
"""Rows of one INSERT: databases take some thousand values at once."""


class Write(NamedTuple):
    """A statement and its rows, one at least; `group` is what an INSERT has once for each row, else empty."""

    sql: str
    group: str
    rows: list[tuple[Any, ...]]

    def statements(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """What to execute, with its values: an INSERT of many rows, or the statement once for each."""
        if not self.group or len(self.rows) == 1:
            for row in self.rows:
                yield self.sql + self.group, row
            return
        for start in range(0, len(self.rows), MOST_ROWS):
            part = self.rows[start : start + MOST_ROWS]
            yield self.sql + ", ".join([self.group] * len(part)), tuple(chain.from_iterable(part))


class Template:
    """A statement in which `?` marks the places of values."""

    def __init__(self, sql: str, group: str = "") -> None:
        self._by_style = {
            style: (sql.replace("?", mark), group.replace("?", mark)) for style, mark in MARKS.items()
        }

    @classmethod
    def insert(cls, table: Table, *columns: str) -> Template:
        """An INSERT of rows whose values stand in the order of `columns`."""
        names = ", ".join(table.c[column].name for column in columns)
        return cls(f"INSERT INTO {table.name} ({names}) VALUES ", f"({', '.join('?' * len(columns))})")

    def by(self, dialect: Dialect) -> str:
        """The statement as that database's driver wants it."""
        return "".join(self._by_style[dialect.paramstyle])

    def on(self, dialect: Dialect, rows: list[tuple[Any, ...]]) -> Write:
        """The statement for these rows."""
        return Write(*self._by_style[dialect.paramstyle], rows)


def execute(conn: Connection, writes: Sequence[Write]) -> None:
    """Execute them in the caller's transaction."""
    for write in writes:
        for sql, values in write.statements():
            conn.exec_driver_sql(sql, values)
