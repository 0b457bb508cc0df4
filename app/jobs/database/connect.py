"""Which database the jobs of an app live in."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import URL, DateTime, Engine, MetaData, StaticPool, Table, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from ..config import Settings
from ..errors import ConfigError
from .database import Database
from .host_engine import most_connections, schema_on
from .supported import check_engine, check_url
from .tables import JOBS, METADATA

log = logging.getLogger(__name__)

ORDER: Final = "call db.init_app(app) before jobs.init_app(app)"
IN_MEMORY: Final = (
    'an in-memory SQLite database cannot be shared by threads: use a file, or JOBS_ENGINE="inline" in tests'
)


def host_database(app: Flask, db: Any) -> Any:
    """The app's Flask-SQLAlchemy: the one given, else the one it has, else None."""
    known = app.extensions.get("sqlalchemy")
    if db is not None and known is not db:
        raise ConfigError(ORDER)
    return known


def connect(app: Flask, db: Any, settings: Settings) -> Database:
    """A database beside the host's engine; without one by JOBS_DATABASE_URL, or on a file of our own.

    Raises ConfigError naming what cannot work.
    """
    if db is None:
        return _by_url(app, settings)
    if settings.database_url is not None:
        raise ConfigError(
            "JOBS_DATABASE_URL is for apps without Flask-SQLAlchemy: in this one jobs live in the default"
            " database, or in that of SQLALCHEMY_BINDS which JOBS_BIND_KEY names"
        )
    host, metadata = _bound(app, db, settings.bind_key)
    dialect = check_engine(host)
    jobs_table, schema = copy_tables(metadata), schema_on(host, metadata.schema)
    if schema is not None and not dialect.has_schemas:
        raise ConfigError(
            f"MetaData(schema={schema!r}): {dialect.name} has no schemas that jobs could live in"
        )
    if dialect.is_memory(host.url):
        return _share(app, host, settings)
    _warn_of_small_pool(host, settings)
    database = Database.beside(
        host, schema, threads=settings.threads, synchronous=settings.sqlite_synchronous
    )
    database.jobs_table = jobs_table
    # The host's connections would go on with a file that was replaced, and so would `session=`.
    database.transactions.when_replaced.append(host.dispose)
    return database


def copy_tables(metadata: MetaData) -> Table:
    """Put our tables into a host's metadata, in its schema; the table of jobs there.

    Those that are there already (a second app) are left.
    """
    prefix = "" if metadata.schema is None else f"{metadata.schema}."
    for table in METADATA.sorted_tables:
        if prefix + table.name not in metadata.tables:
            for column in table.to_metadata(metadata).columns:
                if isinstance(column.type, DateTime):
                    # The same in the database; but a migration spells types out, and cannot import ours.
                    column.type = DateTime(timezone=True)
    return metadata.tables[prefix + JOBS.name]


def _bound(app: Flask, db: Any, key: str | None) -> tuple[Engine, MetaData]:
    """The engine of the bind key (None: the default), and the metadata whose tables live there."""
    with app.app_context():
        engines = db.engines
    if key in engines:
        return engines[key], db.metadatas[key]
    if key is not None:
        raise ConfigError(f"JOBS_BIND_KEY={key!r}: SQLALCHEMY_BINDS has {', '.join(map(repr, engines))}")
    raise ConfigError(
        "SQLALCHEMY_BINDS has no default database: set SQLALCHEMY_DATABASE_URI, or say with JOBS_BIND_KEY"
        " which of them jobs live in"
    )


def _share(app: Flask, host: Engine, settings: Settings) -> Database:
    """An app under test may run no job at all: where it does, `Database.check_can_run` refuses."""
    if not settings.in_caller and not app.testing:
        raise ConfigError(IN_MEMORY)
    database = Database.share(host)
    if not settings.in_caller:
        database.runs_nothing = IN_MEMORY
    return database


def _warn_of_small_pool(host: Engine, settings: Settings) -> None:
    most = most_connections(host)
    if most is not None and settings.threads > most and settings.runs_jobs and not settings.in_caller:
        log.warning(
            "JOBS_THREADS=%d, but your engine has %d connections at a time: jobs with a db.session will wait"
            ' and may fail. Raise "pool_size" or "max_overflow" in SQLALCHEMY_ENGINE_OPTIONS.',
            settings.threads, most,
        )  # fmt: skip


def _by_url(app: Flask, settings: Settings) -> Database:
    if settings.bind_key is not None:
        raise ConfigError(
            f"JOBS_BIND_KEY={settings.bind_key!r} names one of SQLALCHEMY_BINDS, but this app has no"
            " Flask-SQLAlchemy: JOBS_DATABASE_URL says where its jobs live"
        )
    folder = Path(app.instance_path)
    if settings.database_url is None:
        file = folder / "simmer.db"
        _make_file(file)
        return _with_tables(_open(make_url("sqlite://").set(database=str(file)), settings))
    url = _parse(settings.database_url)
    dialect = check_url(url)
    if dialect.is_memory(url):
        shared = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        return _with_tables(_share(app, shared, settings))
    if (name := dialect.file_name(url)) is None:
        return _open(url, settings)
    is_new = _make_file(folder / name)
    database = _open(url.set(database=str(folder / name)), settings)
    return _with_tables(database) if is_new else database


def _parse(text: str) -> URL:
    try:
        return make_url(text)
    except ArgumentError:  # whose message has the password
        raise ConfigError("JOBS_DATABASE_URL is no database URL, such as sqlite:///jobs.db") from None


def _open(url: URL, settings: Settings) -> Database:
    try:
        return Database.connect(url, threads=settings.threads, synchronous=settings.sqlite_synchronous)
    except ImportError as error:
        raise ConfigError(
            f"JOBS_DATABASE_URL: the driver of {url.drivername} is missing ({error})"
        ) from error


def _make_file(file: Path) -> bool:
    """Whether the file is ours: it is new, or empty as one is that we made and did not get to fill."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # arguments are stored as they are; SQLite gives its -wal and -shm this mode
        return file.stat().st_size == 0
    except OSError as error:
        raise ConfigError(f"jobs cannot be kept in {file}: {error.strerror}") from error


def _with_tables(database: Database) -> Database:
    database.create_tables()
    database.close()  # no connection may cross a fork
    return database
