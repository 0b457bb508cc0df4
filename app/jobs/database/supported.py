"""The databases that there are, and which of them a URL or a connection means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import URL, Engine
from sqlalchemy.exc import NoSuchModuleError

from ..errors import ConfigError
from .dialect import Dialect
from .postgresql import PostgreSQL
from .sqlite import SQLite
from .transactions import AnyConnection

DIALECTS: Final[Mapping[str, Dialect]] = {dialect.name: dialect for dialect in (SQLite(), PostgreSQL())}


def dialect_named(name: str) -> Dialect:
    """The dialect of SQLAlchemy's `name`. Raises ConfigError for a database that is not supported."""
    try:
        return DIALECTS[name]
    except KeyError:
        raise ConfigError(f"jobs cannot be kept in {name}: use {' or '.join(DIALECTS)}") from None


def check_url(url: URL) -> Dialect:
    """The dialect of a database that nothing has connected to yet. Raises ConfigError as `check_engine`."""
    dialect_named(url.get_backend_name())
    try:
        known = url.get_dialect()
    except NoSuchModuleError:
        raise ConfigError(f"SQLAlchemy knows no driver {url.drivername}") from None
    return _check_driver(url, known)


def check_engine(host: Engine) -> Dialect:
    """The dialect of a host's engine. Raises ConfigError naming what of it jobs cannot live with."""
    known: Any = host.dialect
    dialect = _check_driver(host.url, known)
    if known.dbapi is not type(known).import_dbapi():
        raise ConfigError("SQLALCHEMY_ENGINE_OPTIONS: jobs cannot use another module= than the driver's own")
    if known.paramstyle != known.dbapi.paramstyle:
        raise ConfigError(
            "SQLALCHEMY_ENGINE_OPTIONS: jobs cannot use another paramstyle= than the driver's own"
        )
    return dialect


def _check_driver(url: URL, known: Any) -> Dialect:
    dialect = dialect_named(known.name)
    if known.driver in dialect.drivers and not known.is_async:
        return dialect
    usable = " or ".join(f"{dialect.name}+{driver}://" for driver in dialect.drivers)
    why = "is asynchronous" if known.is_async else "is not supported"
    raise ConfigError(f"jobs cannot be kept through {url.drivername}, which {why}: use {usable}")


def dialect_of(conn: AnyConnection) -> Dialect:
    """The dialect of the database that `conn` is connected to, which may be a host's connection."""
    return dialect_named(conn.dialect.name)
