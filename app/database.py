"""The service's own tables and its way with SQLite."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError

from .extensions import db, jobs

BUSY_SECONDS: Final = 4.0
"""How long a statement waits while somebody else writes to SQLite; longer is an outage, and answered 503."""
LOCKS: Final = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7311070523)",
}
"""What lets one process at a time look for missing tables and create them."""


def prepare(app: Flask) -> None:
    """Make SQLite let readers and one writer work side by side, on each connection of the service."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _set_pragmas)


def create_tables(app: Flask) -> None:
    """Create what is missing, also while other processes do the same; an outage is only logged."""
    from . import models

    own = [model.__table__ for model in models.ALL]
    try:
        with app.app_context():
            with db.engine.begin() as connection:
                _lock(connection)
                db.metadata.create_all(connection, tables=own)
            db.engine.dispose()  # a server may fork now: no connection may be there twice
            jobs.init_db()
    except SQLAlchemyError as error:
        app.logger.error(
            "the tables could not be created (%s): once the database answers, start again or run"
            " `flask --app app jobs init-db`",
            type(error).__name__,
        )


def _lock(connection: Connection) -> None:
    statement = LOCKS.get(connection.dialect.name)
    if statement is not None:
        connection.exec_driver_sql(statement)


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1_000:.0f}", "journal_mode = WAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
