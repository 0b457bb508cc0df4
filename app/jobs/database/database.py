"""The package's own engine on the app's database, and everything that differs between databases.

An engine of its own, because SQLite needs write transactions that begin with the write
(`BEGIN IMMEDIATE`): on the host's engine that would make every page which reads take the write lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection, StaticPool

from ..errors import DatabaseUnavailable, TablesMissing
from .changes import Watch
from .fork_gate import Gate
from .sqlite import Plain, Quick, Statements, prepare
from .tables import METADATA
from .write_lock import Turn

LOCK_WAIT: Final = 4.0
"""Seconds to wait for SQLite's write lock or a free connection before it counts as an outage."""


class Database:
    """Opens transactions and says in the package's own words what is wrong with the database."""

    def __init__(self, engine: Engine, turn: Turn | None = None) -> None:
        self.engine = engine
        self._writer = engine.execution_options(simmer_write=True)
        self._turn = turn
        self._watches: list[Watch] = []
        self._inherited: tuple[Any, ...] = ()
        self._open()

    @classmethod
    def connect(cls, url: URL, *, threads: int, synchronous: str) -> Database:
        """A database on an engine of its own with room for `threads` and their HTTP neighbours."""
        options: dict[str, Any] = {"pool_size": threads + 2, "max_overflow": 32, "pool_timeout": LOCK_WAIT}
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, connect_args={"timeout": LOCK_WAIT}, **options)
            turn = Turn(LOCK_WAIT)
            prepare(engine, synchronous, turn)
            return cls(engine, turn)
        return cls(create_engine(url, pool_pre_ping=True, connect_args=_postgres_options(url), **options))

    @classmethod
    def share(cls, host: Engine) -> Database:
        """A database on the host's in-memory SQLite; for one thread."""
        guest = _Guest(host.raw_connection())
        engine = create_engine(host.url, creator=lambda: guest, poolclass=StaticPool)
        event.listen(engine, "begin", lambda _connection: guest.begin())
        return cls(engine)

    def _open(self) -> None:
        self.gate = Gate()
        self._visit = _Visit(self.gate)
        self._quick = None if self._turn is None else Quick(self.engine, self._turn, self._visit)

    @property
    def is_sqlite(self) -> bool:
        """Whether one file and one writer at a time is what we have."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: commits at the end, rolls back at any exception.

        Raises DatabaseUnavailable (or TablesMissing) where the database is at fault.
        """
        turn = nullcontext() if self._turn is None else self._turn.taken()
        with self._visit, turn, self._writer.begin() as connection:
            yield connection

    def act(self) -> AbstractContextManager[Plain | Connection]:
        """As `write`, for statements in the driver's words (`Prepared`, `Write`): cheaper."""
        return self.write() if self._quick is None else self._quick.act()

    def apply(self, statements: Statements) -> None:
        """Commit the statements, all of them or none. Raises as `write`."""
        with self.act() as conn:
            for sql, values in statements:
                conn.exec_driver_sql(sql, values)

    def look(self) -> AbstractContextManager[Plain | Connection]:
        """As `read`, in the driver's words, where each statement may see a moment of its own: cheaper."""
        return self.read() if self._quick is None else self._quick.look()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it never waits for a writer. Raises as `write`."""
        with self._visit, self.engine.begin() as connection:
            yield connection

    def watch(self) -> Watch:
        """Something that sees whether anybody has committed, for one thread."""
        watch = Watch(self.engine.url.database if self.is_sqlite else None, self.gate)
        self._watches.append(watch)
        return watch

    def has_tables(self) -> bool:
        """Whether the tables are there, every one of them."""
        with self._visit:
            return set(METADATA.tables) <= set(inspect(self.engine).get_table_names())

    def create_tables(self) -> None:
        """Create what is missing; processes that do so at the same moment do not disturb each other."""
        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                # CREATE TABLE IF NOT EXISTS still races on the catalogue: one process at a time.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7466667376)")
            METADATA.create_all(connection)

    def renew_after_fork(self) -> None:
        """Leave the parent's connections alone and start with none."""
        # Kept, not dropped: were they garbage, SQLite would close them and with them the parent's locks.
        self._inherited += (self.engine.pool, self._watches, self._quick)
        self._watches = []
        if self._turn is not None:
            self._turn.begin_afresh()
        self._open()
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Give all idle connections back."""
        while self._watches:
            self._watches.pop().close()
        if self._quick is not None:
            self._quick.close()
        self.engine.dispose()


class _Guest:
    """The host's only connection, as we use it: what we begin nests in whatever the host has begun there.

    Else our commits and rollbacks would be the host's.
    """

    def __init__(self, host: PoolProxiedConnection) -> None:
        self._host, self._depth = host, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host.dbapi_connection, name)

    def begin(self) -> None:
        self.execute("SAVEPOINT simmer")
        self._depth += 1

    def commit(self) -> None:
        self._end()

    def rollback(self) -> None:
        self._end("ROLLBACK TO simmer")

    def close(self) -> None:
        """It is the host's to close."""

    def _end(self, *before: str) -> None:
        if self._depth:
            self._depth -= 1
            for statement in (*before, "RELEASE simmer"):
                self.execute(statement)


def is_memory(url: URL) -> bool:
    """Whether `url` is an in-memory SQLite database, which threads cannot share."""
    name = url.database or ""
    return url.get_backend_name() == "sqlite" and (name in ("", ":memory:") or "mode=memory" in str(url))


def _postgres_options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql":
        return {}
    return {"connect_timeout": int(LOCK_WAIT), "options": "-c timezone=UTC"}


class _Visit(AbstractContextManager[None]):
    """Inside the gate for a block, any thread's; what the database says there is raised in our words.

    A class, because each request passes here: generators would take three times as long.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __enter__(self) -> None:
        self._gate.enter()

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        self._gate.leave()
        if error is not None:
            _raise_in_our_words(error)


def _raise_in_our_words(error: BaseException) -> None:
    """Raise what `error` is to us, where it is something else than what it says."""
    if isinstance(error, PoolTimeout):
        raise DatabaseUnavailable(f"no free connection within {LOCK_WAIT:g} s") from error
    if not isinstance(error, DatabaseError | InterfaceError) or isinstance(error, IntegrityError):
        return
    if _names_a_missing_table(error):
        raise TablesMissing() from error
    if not isinstance(error, ProgrammingError | DataError):  # those are bugs of ours: waiting mends none
        raise DatabaseUnavailable(f"database: {error.orig}") from error


def _names_a_missing_table(error: DatabaseError | InterfaceError) -> bool:
    missing = getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)
    return missing and "simmer_" in str(error.orig)
