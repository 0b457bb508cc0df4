"""Statements that are compiled once for each kind of database, and then executed in the driver's words.

Core looks at a statement, its values and its rows anew each time, which takes several times as long as SQLite
does. What the dispatcher executes for every few jobs is therefore prepared.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, DateTime, Delete, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

from .columns import from_driver, to_driver
from .sqlite import Plain

Statement = Select[Any] | Insert | Update | Delete


class Prepared:
    """A statement whose values are given by the names of its bind parameters; none of them expands."""

    def __init__(self, statement: Statement | Callable[[str], Statement]) -> None:
        """`statement`, or what makes it for a dialect of that name."""
        self._statement = statement
        self._by_driver: dict[tuple[str, str], _Words] = {}

    def rows(self, conn: Plain | Connection, **values: Any) -> Sequence[Any]:
        """The rows that it finds, as named tuples."""
        words = self._in_words(conn.dialect)
        return words.rows(conn.exec_driver_sql(words.sql, words.given(values)).fetchall())

    def one(self, conn: Plain | Connection, **values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(conn, **values)
        return rows[0][0] if rows else None

    def apply(self, conn: Plain | Connection, **values: Any) -> int:
        """How many rows it changed."""
        words = self._in_words(conn.dialect)
        return int(conn.exec_driver_sql(words.sql, words.given(values)).rowcount)

    def apply_all(self, conn: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """How many rows it changed, executed once with the values of each of `rows`."""
        words = self._in_words(conn.dialect)
        return int(conn.exec_driver_sql(words.sql, [words.given(values) for values in rows]).rowcount)

    def _in_words(self, dialect: Dialect) -> _Words:
        key = dialect.name, dialect.driver
        if key not in self._by_driver:
            made = self._statement(dialect.name) if callable(self._statement) else self._statement
            self._by_driver[key] = _Words(made, dialect)
        return self._by_driver[key]


class _Words:
    """A statement as a driver takes it, and what becomes of its values and of its rows."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        self._order = compiled.positiontup if compiled.positional else None
        binds = compiled.binds
        self._constants = {name: bind.value for name, bind in binds.items() if not bind.required}
        self._times = [name for name, bind in binds.items() if isinstance(bind.type, DateTime)]
        self._time = to_driver(dialect)
        self.rows = _reader(statement, dialect)

    def given(self, values: dict[str, Any]) -> Any:
        """The values of one execution."""
        every = {**self._constants, **values}
        for name in self._times:
            every[name] = self._time(every[name])
        return every if self._order is None else tuple([every[name] for name in self._order])


def _reader(statement: Statement, dialect: Dialect) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What makes named tuples of the driver's rows, with values as Core would give them."""
    columns = list(statement.exported_columns)
    row = namedtuple("row", [column.key or "value" for column in columns])  # type: ignore[misc]
    time = from_driver(dialect)
    are_times = [isinstance(column.type, DateTime) for column in columns]
    if not any(are_times):
        return lambda rows: [row._make(values) for values in rows]
    return lambda rows: [
        row._make(
            [time(value) if is_time else value for value, is_time in zip(values, are_times, strict=True)]
        )
        for values in rows
    ]
