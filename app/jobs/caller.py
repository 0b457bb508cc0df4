"""What the caller's own database session has to do with a submission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, scoped_session

from .errors import OpenTransaction


def refuse_open_transaction(db: Any, engine: Engine) -> None:
    """Raise OpenTransaction where `db.session` holds SQLite's write lock on the database of `engine`.

    Our own connection would wait for that lock, and the caller for us.
    """
    if db is None or engine.dialect.name != "sqlite" or not db.session.registry.has():
        return
    session = db.session()
    if not session.in_transaction() or not _same_database(session, engine):
        return
    driver = session.connection().connection.dbapi_connection
    if getattr(driver, "in_transaction", False):
        raise OpenTransaction()


def connection_of(session: Any, engine: Engine) -> Connection:
    """The connection of the caller's transaction; ValueError where it is on another database."""
    if not _same_database(session, engine):
        raise ValueError(f"session= is bound to another database than the jobs ({engine.url!r})")
    return session.connection()  # type: ignore[no-any-return]


def after_commit(session: Any, call: Callable[[], None]) -> None:
    """Call once, after the outermost transaction of `session` has committed."""
    real: Session = session() if isinstance(session, scoped_session) else session
    pending = [call]

    @event.listens_for(real, "after_commit")
    def _committed(committed: Session) -> None:
        if pending and not committed.in_nested_transaction():
            pending.pop()()

    @event.listens_for(real, "after_rollback")
    def _rolled_back(_session: Session) -> None:
        pending.clear()


def _same_database(session: Any, engine: Engine) -> bool:
    bind = session.get_bind()
    return bool(bind is not None and bind.engine.url == engine.url)
