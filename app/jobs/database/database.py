"""The package's own engine on the app's database.

An engine of its own, because SQLite needs write transactions that begin with the write (`BEGIN IMMEDIATE`):
on the host's engine that would make every page which reads take the write lock.
"""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine

from ..errors import DatabaseUnavailable, NotReady
from ..process.logs import get_logger
from .changes import ChangeDetector
from .conflicts import retry_conflicts
from .dialect import Dialect
from .fork_gate import ForkGate
from .host_engine import SCHEMA
from .schema import Addition, Existing, additions, refuse_incomplete
from .shared_memory import nested_engine
from .supported import dialect_named
from .tables import JOBS
from .transactions import AnyConnection, RawConnection, Transactions

log = get_logger(__name__)
TRY_FOR: Final = 20.0
"""Seconds for which a change of the tables is tried while others hold locks on them."""
TRY_AGAIN_AFTER: Final = 0.2
"""Seconds in which those have their turn who have been waiting behind it."""


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
        self.check()
        return self.transactions.write()

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads; it never waits for a writer."""
        self.check()
        return self.transactions.read()

    def raw_write(self) -> AbstractContextManager[AnyConnection]:
        """As `write`, but for a `Statement` only, as raw DBAPI SQL where that is cheaper."""
        self.check()
        return self.transactions.raw_write()

    def raw_read(self) -> AbstractContextManager[AnyConnection]:
        """As `read`, but for a `Statement` only; each may see the database at another moment."""
        self.check()
        return self.transactions.raw_read()

    def translating(self) -> AbstractContextManager[None]:
        """A block on a connection of the host's, of which the database's errors are raised as ours are."""
        return self.transactions.translating()

    def joined(self, host: Connection) -> AnyConnection:
        """A connection of the host's on the same database, for `Statement`s in its transaction."""
        options = self.engine.get_execution_options
        return RawConnection(host.dialect, host.exec_driver_sql, options)

    def change_detector(self) -> ChangeDetector:
        """Says to one thread whether anybody has committed."""
        detector = self.transactions.change_detector()
        self._detectors.append(detector)
        return detector

    def check(self) -> None:
        """Raise TablesMissing where the tables are not there as this version needs them, naming what is not.

        Asks the database once, and again after each error of it: then it may be another one.
        """
        if self.transactions.is_complete:
            return
        with self.transactions.read() as conn:
            missing = self._additions(conn)
        refuse_incomplete(missing)
        self.transactions.is_complete = True
        for name in (name for addition in missing for name in addition.names):
            log.warning("the index %s is missing: `flask jobs init-db` adds it", name)

    def create_tables(self) -> None:
        """Create the tables, and add what those of an earlier version lack.

        Processes that do so at the same moment do not disturb each other, nor those that run jobs: each step
        is a transaction of its own that waits only shortly for a lock, tried again for TRY_FOR seconds.
        """
        self.transactions.create_file()
        deadline = time.monotonic() + TRY_FOR
        is_done = False
        while not is_done:
            try:
                is_done = self._add_next()
            except DatabaseUnavailable as error:
                if not self.dialect.is_lock_timeout(error.__cause__) or time.monotonic() > deadline:
                    raise
                threading.Event().wait(TRY_AGAIN_AFTER)
        self.transactions.is_complete = True

    def missing(self) -> list[Addition]:
        """What `create_tables` would add now."""
        with self.transactions.read() as conn:
            return self._additions(conn)

    def missing_sql(self) -> list[str]:
        """The statements that `create_tables` would execute now."""
        missing = self.missing()
        names = {"schema_translate_map": {None: self._schema}, "render_schema_translate": True}
        return [
            str(statement.compile(dialect=self.engine.dialect, **names)).strip()  # type: ignore[attr-defined]
            for addition in missing
            for statement in addition.statements
        ]

    @retry_conflicts
    def _add_next(self) -> bool:
        """Add the first of what is missing. Whether nothing else is."""
        with self.transactions.write() as conn:
            self.dialect.lock_schema(conn)
            missing = self._additions(conn)
            for statement in missing[0].statements if missing else ():
                conn.execute(statement)
        return len(missing) <= 1

    def _additions(self, conn: Connection) -> list[Addition]:
        existing = Existing.read(conn, self.dialect, self._schema)
        return additions(existing, self.dialect, self.engine, self._schema)

    @property
    def _schema(self) -> str | None:
        found: str | None = self.engine.get_execution_options().get(SCHEMA)
        return found

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
