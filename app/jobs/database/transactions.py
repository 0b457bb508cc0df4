"""Transactions on one engine: for Core, and for statements that go to the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy import Dialect as SQLAlchemyDialect

from ..errors import DatabaseUnavailable
from .changes import ChangeDetector
from .fork_gate import ForkGate

IS_WRITE: Final = "simmer_write"
"""The execution option of a connection that is to write."""
Translate = Callable[[BaseException], BaseException | None]
"""The package's error for a database's, or None where it is to stay as it is."""


class AnyConnection(Protocol):
    """What a `Statement` needs of a connection; SQLAlchemy's has it."""

    @property
    def dialect(self) -> SQLAlchemyDialect:
        """SQLAlchemy's dialect, by which statements are compiled."""
        ...

    def exec_driver_sql(self, sql: str, parameters: Any, /) -> Any:
        """Execute SQL in the paramstyle of the driver; returns what has `fetchall` and `rowcount`."""
        ...

    def get_execution_options(self) -> Mapping[str, Any]:
        """Among them `host_engine.SCHEMA`, where the tables are in one."""
        ...


class RawConnection(NamedTuple):
    """Another's connection as an `AnyConnection`; `exec_driver_sql` may return the driver's cursor."""

    dialect: SQLAlchemyDialect
    exec_driver_sql: Callable[[str, Any], Any]
    get_execution_options: Callable[[], Mapping[str, Any]]


class Transactions:
    """All of them pass the fork gate, and raise the database's errors as the package's.

    A database for which Core costs more than the statement itself overrides `raw_write` and `raw_read`.
    """

    def __init__(self, engine: Engine, translate: Translate) -> None:
        self.engine, self.translate = engine, translate
        self._writer = engine.execution_options(**{IS_WRITE: True})
        self.gate = ForkGate()
        self._inherited: list[Any] = []
        self.write_failure: str | None = None
        """Why the last write that failed did, if the database was at fault; `WriteCheck` resets it."""
        self.when_replaced: list[Callable[[], object]] = []
        """Called when another database has taken the place of this one, where that can be seen."""
        self.is_complete = False
        """Whether the tables were found complete since the last error; see `Database.check`."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: commits at the end, rolls back at any exception."""
        with self.entered(is_write=True), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self.entered(), self.engine.begin() as connection:
            yield connection

    def raw_write(self) -> AbstractContextManager[AnyConnection]:
        """As `write`, for statements that go to the driver."""
        return self.write()

    def raw_read(self) -> AbstractContextManager[AnyConnection]:
        """As `read`, for statements that go to the driver; each may see the database at another moment."""
        return self.read()

    @contextmanager
    def entered(self, is_write: bool = False) -> Iterator[None]:
        """Inside the fork gate for a block; a database's error in it is raised as the package's."""
        gate = self.gate
        gate.enter()
        try:
            yield
        except BaseException as error:
            self._raise_translated(error, is_write)
        finally:
            gate.leave()

    @contextmanager
    def translating(self) -> Iterator[None]:
        """A database's error in the block, which is on a host's connection, is raised as the package's."""
        try:
            yield
        except BaseException as error:
            self._raise_translated(error, is_write=False)

    def _raise_translated(self, error: BaseException, is_write: bool) -> NoReturn:
        if (translated := self.translated(error, is_write)) is not None:
            raise translated from error
        raise error

    def translated(self, error: BaseException, is_write: bool) -> BaseException | None:
        """The package's error for one that ended a block, or None; a write's is remembered."""
        translated = self.translate(error)
        if isinstance(translated, DatabaseUnavailable):
            self.is_complete = False
        if is_write:
            self.record_write_failure(translated or error)
        return translated

    def record_write_failure(self, error: BaseException) -> None:
        """A write raised `error`: remember it where it means that the database cannot be written."""
        if isinstance(error, DatabaseUnavailable):
            self.write_failure = error.reason or str(error)

    def create_file(self) -> None:
        """Make sure that there is a database to create tables in, where it is a file."""

    def can_write(self, patience: float) -> bool:
        """Whether nobody keeps the whole database locked for longer than `patience` seconds."""
        return True

    def generation_of(self, host: Connection) -> int:
        """Which of the databases that took each other's place the host's connection is on, for `confirm`."""
        return 0

    def confirm(self, generation: int) -> None:
        """Raise DatabaseUnavailable where another one has taken the place of that."""

    def change_detector(self) -> ChangeDetector:
        """Says to one thread whether anybody has committed."""
        return ChangeDetector()

    def renew_after_fork(self) -> None:
        """In a child: leave the parent's connections alone and start with none."""
        # Kept, not dropped: were they garbage, SQLite would close them and with them the parent's locks.
        self._inherited.append(self.engine.pool)
        self.gate = ForkGate()
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close the idle connections."""
        self.engine.dispose()
