"""What differs between databases: one object for each kind, which everything else asks.

Not SQLAlchemy's dialect, which knows how SQL is spelled, but what the package makes of it: how it locks, what
a driver takes for a time, how a list becomes one parameter, what an error means. A new database is one
subclass and its entry in `supported`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, Subquery, Table, select, text
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeEngine

from ..errors import DatabaseUnavailable, TablesMissing, TransactionConflict
from ..values import Finding
from .host_engine import HostConnections, engine_beside
from .transactions import Transactions

LOCK_WAIT: Final = 4.0
"""Seconds to wait for a lock, or for a free connection, before it counts as an outage."""


class Dialect(ABC):
    """A server with row locks, whose driver takes and gives aware datetimes; subclasses say what differs."""

    name: ClassVar[str]
    """SQLAlchemy's name of the database."""
    drivers: ClassVar[tuple[str, ...]]
    """SQLAlchemy's names of the drivers that can be used, the one to recommend first."""
    has_schemas: ClassVar[bool] = True
    """Whether tables can be in a schema of `MetaData(schema=…)`."""
    true: ClassVar[str] = "true"
    false: ClassVar[str] = "false"
    relations: ClassVar[str]
    """A SELECT of (table, column) for those that may be ours, and of (index, NULL): in `:schema`, or where
    statements find them if that is NULL."""
    pool_pre_ping: ClassVar[bool] = True
    """Whether the pool is to test a connection before a transaction begins on it."""
    types: ClassVar[Mapping[type[TypeEngine[Any]], TypeEngine[Any]]] = {}
    """Column types that take the place of generic ones."""

    def connect(self, host: Engine, schema: str | None, *, threads: int, synchronous: str) -> Transactions:
        """Transactions on an engine beside the host's, with room for `threads` and their HTTP neighbours.

        The tables are in `schema`, None: wherever statements find them that name none.
        """
        connections = HostConnections(host, self.connect_args(host.dialect.driver), self.take_over)
        options = {"pool_pre_ping": self.pool_pre_ping, **pool_options(threads)}
        engine = engine_beside(host, schema, connections, **options)
        return Transactions(engine, self.translate)

    def connect_args(self, driver: str) -> dict[str, Any]:
        """What the driver is given for each connection of ours, before what the host gives it."""
        return {}

    @abstractmethod
    def take_over(self, driver: Any) -> None:
        """Undo what `isolation_level` of the host's engine has set on a connection that is to be ours."""

    def is_memory(self, url: URL) -> bool:
        """Whether the database exists within one connection only, so that threads cannot share it."""
        return False

    def file_name(self, url: URL) -> str | None:
        """The path of the database's file, which may be relative; None where it is no file."""
        return None

    @abstractmethod
    def version(self, conn: Connection) -> str:
        """The name and the version of what answers."""

    def now(self, conn: Connection) -> datetime | None:
        """The time by the clock of the server; None where it is no server."""
        return None

    @abstractmethod
    def examine(self, conn: Connection) -> Iterator[Finding]:
        """What `doctor` is to say of this kind of database alone."""

    @abstractmethod
    def lock_schema(self, conn: Connection) -> None:
        """Keep other processes from changing tables until the end of the transaction."""

    def release_column(self, table: str, column: str) -> str:
        """The statement after which a column of an earlier version need not be given a value any more."""
        return f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"

    def is_lock_timeout(self, error: BaseException | None) -> bool:
        """Whether SQLAlchemy's error says that others had locks for longer than a change of tables waits."""
        return False

    def holds_write_lock(self, host: Connection, ours: Transactions) -> bool:
        """Whether the open transaction on a host's connection keeps `ours` from writing."""
        return False

    @contextmanager
    def trial(self, conn: Connection) -> Iterator[None]:
        """A block of a write transaction whose writes show, before a commit, whether they could be kept."""
        yield

    # --- Values and rows ------------------------------------------------------------------------------

    def to_driver(self, moment: datetime | None) -> Any:
        """A time as the driver takes it, for statements that do not go through Core."""
        return moment

    def from_driver(self, value: Any) -> datetime | None:
        """The time that the driver gave for a column, for the same statements."""
        found: datetime | None = value
        return found

    def index_options(self, condition: str) -> dict[str, Any]:
        """Arguments of an `Index` over the rows that satisfy `condition`; none where it must cover all."""
        return {f"{self.name}_where": text(condition.format(true=self.true, false=self.false))}

    @abstractmethod
    def insert(self, table: Table) -> Any:
        """SQLAlchemy's INSERT of this database, which has `on_conflict_do_update`."""

    def insert_or_add(self, table: Table, source: Select[Any], *added: str) -> Any:
        """An INSERT of the rows of `source`; where a key is there already its columns `added` grow."""
        insert = self.insert(table).from_select([column.name for column in source.selected_columns], source)
        return insert.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: table.c[name] + insert.excluded[name] for name in added},
        )

    def insert_or_skip(self, table: Table, source: Select[Any]) -> Any:
        """An INSERT of the rows of `source` without those whose key is there already."""
        insert = self.insert(table).from_select([column.name for column in source.selected_columns], source)
        return insert.on_conflict_do_nothing(index_elements=list(table.primary_key))

    @abstractmethod
    def texts(self, parameter: str) -> Select[Any]:
        """The texts of a JSON list that comes as one parameter, for `column.in_(…)`."""

    @abstractmethod
    def row_set(self, parameter: str, columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
        """A table of `columns`, in this order, whose rows come as a JSON list of lists in one parameter."""

    @abstractmethod
    def json_at(self, column: ColumnElement[Any], path: Sequence[str]) -> ColumnElement[Any]:
        """The JSON text of what stands at `path` (names of objects) in JSON that we stored; NULL: nothing."""

    def packed(self, columns: Sequence[ColumnElement[Any]], condition: ColumnElement[bool]) -> Select[Any]:
        """A SELECT of several rows for `unpack`; one row where the driver is slow for each of them."""
        return select(*columns).where(condition)

    def unpack(self, cursor: Any) -> Sequence[Sequence[Any]]:
        """The rows of a `packed` SELECT, their values as the driver gives them."""
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
        return rows

    # --- Errors ---------------------------------------------------------------------------------------

    def translate(self, error: BaseException) -> BaseException | None:
        """The error that callers of the package get; None where it stays as it is: a bug, ours or theirs."""
        if isinstance(error, PoolTimeout):
            reason = f"no free connection within {LOCK_WAIT:g} s"
            return DatabaseUnavailable(reason, reason)
        if not isinstance(error, DatabaseError | InterfaceError) or isinstance(error, IntegrityError):
            return None
        if self.is_conflict(error.orig):
            return TransactionConflict()
        if "simmer_" in str(error.orig) and self.is_incomplete(error.orig):
            what = str(error.orig).splitlines()[0]
            return TablesMissing(f"{what}: run `flask jobs init-db`, a migration or db.create_all()")
        if self.is_mistake(error):  # a bug of ours: waiting does not help
            return None
        return DatabaseUnavailable(f"database: {error.orig}", self.public_reason(error.orig))

    def public_reason(self, error: BaseException | None) -> str | None:
        """What the database said, without SQL, values, hosts and users; None where that is not known."""
        return None

    @abstractmethod
    def is_incomplete(self, error: BaseException | None) -> bool:
        """Whether the driver's error says that a table or a column does not exist."""

    def is_mistake(self, error: DBAPIError) -> bool:
        """Whether the statement is wrong, not the database unable to execute it."""
        return isinstance(error, ProgrammingError | DataError)

    def is_conflict(self, error: BaseException | None) -> bool:
        """Whether it rolled the transaction back for the sake of another: the same once more may succeed."""
        return False


def pool_options(threads: int) -> dict[str, Any]:
    """Options of an engine with room for `threads` and their HTTP neighbours."""
    return {"pool_size": threads + 2, "max_overflow": 32, "pool_timeout": LOCK_WAIT}
