"""Submissions and the caller's own database session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, event

from ..database.database import Database
from ..database.transactions import AnyConnection
from ..errors import OpenTransaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, SessionTransaction

_CALLS: Final = "simmer_calls"


def refuse_in_task(db: Any, database: Database) -> None:
    """As `refuse_open_transaction`, for what a task stores, which cannot join a transaction of its own."""
    refuse_open_transaction(db, database, "your session holds the write lock: commit first")


def refuse_open_transaction(db: Any, database: Database, message: str | None = None) -> None:
    """Raise OpenTransaction where `db.session` holds a lock that keeps our own connection from writing.

    It would wait for that lock, and the caller for us. `message` takes the place of the error's own.
    """
    if db is None or not db.session.registry.has():
        return
    session = db.session()
    if not session.in_transaction() or not _same_database(session, database):
        return
    if database.dialect.holds_write_lock(_connection(session, database), database.transactions):
        raise OpenTransaction(message)


def connection_of(session: Any, database: Database) -> AnyConnection:
    """The connection of the caller's transaction; ValueError where it is on another database."""
    if not _same_database(session, database):
        raise ValueError(f"session= is bound to another database than the jobs ({database.engine.url!r})")
    return database.joined(_connection(session, database))


def confirmation(session: Any, database: Database) -> Callable[[], None]:
    """To be called before and after the commit of the caller's transaction.

    Raises DatabaseUnavailable where it has gone into a file that was removed or replaced.
    """
    generation = database.transactions.generation_of(_connection(session, database))
    return lambda: database.transactions.confirm(generation)


def after_commit(session: Any, call: Callable[[], None]) -> None:
    """Call `call` once, after the outermost transaction of `session` was committed and has ended."""
    real: Session = session() if callable(session) else session  # a scoped_session is
    # Listeners of this session alone, added once: on the class they would run for all of the host's.
    if _CALLS not in real.info:
        event.listen(real, "after_commit", _on_commit)
        event.listen(real, "after_rollback", _on_rollback)
        event.listen(real, "after_transaction_end", _on_end)
    real.info.setdefault(_CALLS, _Calls()).waiting.append(call)


@dataclass(slots=True)
class _Calls:
    """What a session calls after its commit; one set of listeners serves all submissions of a session."""

    waiting: list[Callable[[], None]] = field(default_factory=list)
    ready: list[Callable[[], None]] = field(default_factory=list)


def _on_commit(session: Session) -> None:
    # A savepoint that ends fires these events too: only the outermost commit counts.
    if not session.in_nested_transaction():
        calls: _Calls = session.info[_CALLS]
        calls.ready, calls.waiting = calls.waiting, []


def _on_rollback(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[_CALLS].waiting = []


def _on_end(session: Session, transaction: SessionTransaction) -> None:
    # Only now has the session released its connection, so that it can be used again if a call raises.
    if transaction.parent is None:
        calls: _Calls = session.info[_CALLS]
        ready, calls.ready = calls.ready, []
        for call in ready:
            call()


def _same_database(session: Any, database: Database) -> bool:
    # By URL: the host's engine and ours are two engines on one database.
    bind = session.get_bind(clause=database.jobs_table)
    return bool(bind is not None and bind.engine.url == database.engine.url)


def _connection(session: Any, database: Database) -> Connection:
    found: Connection = session.connection(bind_arguments={"clause": database.jobs_table})
    return found
