"""The service's own tables, and its SQLite settings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError

from .extensions import db, jobs

BUSY_SECONDS: Final = 4.0
"""Seconds that a statement waits for SQLite's write lock; after that the response is 503."""
LOCKS: Final = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7311070523)",
}
"""The statement that lets one process at a time create missing tables."""


def prepare(app: Flask) -> None:
    """Make SQLite's file, and set its pragmas on each connection: readers beside one writer."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _make_file(db.engine.url.database)
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
            # A server may fork after this: no connection may be shared with its workers.
            db.engine.dispose()
            jobs.init_db()
    except SQLAlchemyError as error:
        # The service starts all the same, and answers 503 until the database is there (promise 7).
        app.logger.error(
            "the tables could not be created (%s): once the database answers, start again or run"
            " `flask --app app jobs init-db`",
            type(error).__name__,
        )


def _make_file(name: str | None) -> None:
    if name and not name.startswith((":", "file:")):
        # Arguments of jobs are stored as they were given: nobody else may read them.
        with suppress(OSError):  # the database says what is wrong, and where
            Path(name).touch(mode=0o600)


def _lock(connection: Connection) -> None:
    statement = LOCKS.get(connection.dialect.name)
    if statement is not None:
        connection.exec_driver_sql(statement)


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1_000:.0f}", "journal_mode = WAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
