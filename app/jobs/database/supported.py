"""The databases that there are, and which of them a URL or a connection means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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


def dialect_of(conn: AnyConnection) -> Dialect:
    """The dialect of the database that `conn` is connected to, which may be a host's connection."""
    return dialect_named(conn.dialect.name)
