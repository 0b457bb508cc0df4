"""Which database the jobs of an app live in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import make_url

from ..config import Settings
from ..errors import ConfigError
from .database import Database
from .supported import dialect_named
from .tables import copy_tables


def host_database(app: Flask, db: Any) -> Any:
    """The app's Flask-SQLAlchemy: the one given, else the one it has, else None."""
    known = app.extensions.get("sqlalchemy")
    if db is not None and known is not db:
        raise ConfigError("call db.init_app(app) before jobs.init_app(app, db)")
    return known


def connect(app: Flask, db: Any, settings: Settings) -> Database:
    """An engine of our own on the host's database; without one, on a file of ours whose tables are made here.

    Raises ConfigError for an in-memory database with the thread engine: threads cannot share it.
    """
    if db is None:
        return _own(app, settings)
    copy_tables(db.metadata)
    with app.app_context():
        engine = db.engine
    if not dialect_named(engine.url.get_backend_name()).is_memory(engine.url):
        database = Database.connect(
            engine.url, threads=settings.threads, synchronous=settings.sqlite_synchronous
        )
        # The host's connections would go on with a file that was replaced, and so would `session=`.
        database.transactions.when_replaced.append(engine.dispose)
        return database
    if not settings.in_caller:
        raise ConfigError(
            "an in-memory SQLite database cannot be shared by threads: use a file,"
            ' or JOBS_ENGINE="inline" in tests'
        )
    return Database.share(engine)


def _own(app: Flask, settings: Settings) -> Database:
    file = Path(app.instance_path) / "simmer.db"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # arguments are stored as they are; SQLite gives its -wal and -shm this mode
    except OSError as error:
        raise ConfigError(f"jobs cannot be kept in {file}: {error.strerror}") from error
    url = make_url("sqlite://").set(database=str(file))
    database = Database.connect(url, threads=settings.threads, synchronous=settings.sqlite_synchronous)
    database.create_tables()
    database.close()  # no connection may cross a fork
    return database
