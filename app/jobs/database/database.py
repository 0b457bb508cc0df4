"""The package's own engine on the app's database.

An engine of its own, because SQLite needs write transactions that begin with the write (`BEGIN IMMEDIATE`):
on the host's engine that would make every page which reads take the write lock.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import URL, Connection, Engine, create_engine, inspect

from ..errors import NotReady
from .changes import ChangeDetector
from .dialect import Dialect
from .fork_gate import ForkGate
from .host_engine import SCHEMA
from .shared_memory import nested_engine
from .supported import dialect_named
from .tables import JOBS, METADATA
from .transactions import AnyConnection, RawConnection, Transactions


class Database:
    """Opens transactions, which raise DatabaseUnavailable (or TablesMissing) where the database is at fault.

    TransactionConflict where it chose a transaction as a deadlock's victim: see `retry_conflicts`.
    """

    def __init__(self, dialect: Dialect, transactions: Transactions) -> None:
        self.dialect, self.transactions = dialect, transactions
        self.runs_nothing: str | None = None
        """Why no job of it can ever run; None where jobs can."""
        self.jobs_table = JOBS
        """The table of jobs by which a host's session finds its engine for ours (its bind key)."""
        self._detectors: list[ChangeDetector] = []
        self._inherited: list[ChangeDetector] = []

    @classmethod
    def connect(cls, url: URL, *, threads: int, synchronous: str) -> Database:
        """A database where no host has an engine. Raises ConfigError for a kind that is not supported."""
        dialect_named(url.get_backend_name())
        return cls.beside(create_engine(url), None, threads=threads, synchronous=synchronous)

    @classmethod
    def beside(cls, host: Engine, schema: str | None, *, threads: int, synchronous: str) -> Database:
        """A database on an engine beside the host's, its tables in `schema`; see `Dialect.connect`."""
        dialect = dialect_named(host.dialect.name)
        return cls(dialect, dialect.connect(host, schema, threads=threads, synchronous=synchronous))

    @classmethod
    def share(cls, host: Engine) -> Database:
        """A database on the host's in-memory SQLite; for one thread."""
        dialect = dialect_named(host.dialect.name)
        return cls(dialect, Transactions(nested_engine(host), dialect.translate))

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self.transactions.engine

    @property
    def gate(self) -> ForkGate:
        """Closed while this process forks."""
        return self.transactions.gate

    def check_can_run(self) -> None:
        """Raises NotReady where no job can ever run."""
        if self.runs_nothing is not None:
            raise NotReady(self.runs_nothing)

    def write(self) -> AbstractContextManager[Connection]:
        """A write transaction: commits at the end, rolls back at any exception."""
        return self.transactions.write()

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads; it never waits for a writer."""
        return self.transactions.read()

    def raw_write(self) -> AbstractContextManager[AnyConnection]:
        """As `write`, but for a `Statement` only, as raw DBAPI SQL where that is cheaper."""
        return self.transactions.raw_write()

    def raw_read(self) -> AbstractContextManager[AnyConnection]:
        """As `read`, but for a `Statement` only; each may see the database at another moment."""
        return self.transactions.raw_read()

    def joined(self, host: Connection) -> AnyConnection:
        """A connection of the host's on the same database, for `Statement`s in its transaction."""
        options = self.engine.get_execution_options
        return RawConnection(host.dialect, host.exec_driver_sql, options)

    def change_detector(self) -> ChangeDetector:
        """Says to one thread whether anybody has committed."""
        detector = self.transactions.change_detector()
        self._detectors.append(detector)
        return detector

    def has_tables(self) -> bool:
        """Whether the tables are there, every one of them."""
        with self.transactions.entered():
            names = inspect(self.engine).get_table_names(self.engine.get_execution_options().get(SCHEMA))
            return set(METADATA.tables) <= set(names)

    def create_tables(self) -> None:
        """Create what is missing; processes that do so at the same moment do not disturb each other."""
        with self.write() as connection:
            self.dialect.lock_schema(connection)
            METADATA.create_all(connection)

    def renew_after_fork(self) -> None:
        """Leave the parent's connections alone and start with none."""
        self._inherited += self._detectors  # kept, as `Transactions` keeps the parent's connections
        self._detectors = []
        self.transactions.renew_after_fork()

    def close(self) -> None:
        """Close all idle connections."""
        while self._detectors:
            self._detectors.pop().close()
        self.transactions.close()
