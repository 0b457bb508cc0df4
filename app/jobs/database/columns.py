"""Column types, constraints and indexes that mean the same on every database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    String,
    Text,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import conv

from ..options import Option


def as_text(moment: datetime | None) -> str | None:
    """A time as SQLite stores it, and as PostgreSQL reads it in a session whose time zone is UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _from_text(value: str | None) -> datetime | None:
    # With the offset in the text it is a sixth of the time that a `replace` of the zone takes.
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def _as_is(value: datetime | None) -> datetime | None:
    return value


class _SqliteTime(sqlite.DATETIME):
    """UTC times as ISO text: sorts as it reads, and several times faster than the stock conversion."""

    def bind_processor(self, dialect: Dialect) -> Any:
        return as_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _from_text


Time = DateTime(timezone=True).with_variant(_SqliteTime(), "sqlite")  # type: ignore[no-untyped-call]
"""An aware UTC datetime on every database."""


def to_driver(dialect: Dialect) -> Callable[[datetime | None], Any]:
    """What makes of a time of ours what the driver takes, for statements that Core does not bind."""
    return as_text if dialect.name == "sqlite" else _as_is


def from_driver(dialect: Dialect) -> Callable[[Any], datetime | None]:
    """What makes a time of ours of what the driver gives, for the same statements."""
    return _from_text if dialect.name == "sqlite" else _as_is


BigId = BigInteger().with_variant(Integer(), "sqlite")
Id = String(36)
_TYPES: Final[Mapping[type, Any]] = {int: Integer, float: Float, str: Text, tuple: Text, datetime: Time}


def option_column(name: str, option: Option) -> Column[Any]:
    """The column of an option that is stored; several values are a JSON list."""
    kind = String(option.rule.size) if option.rule.size else _TYPES[option.rule.kind]
    return Column(name, kind, nullable=option.default is None)


def check(sql: str, name: str) -> CheckConstraint:
    """What a row must satisfy; named with `conv`, which a host's naming convention leaves alone."""
    return CheckConstraint(sql, name=conv(f"ck_simmer_{name}"))


def partial(name: str, *columns: str, where: str | tuple[str, str], unique: bool = False) -> Index:
    """An index over the rows that `where` names; a pair says it for SQLite (no booleans) and PostgreSQL.

    A query uses it only where it says the same with no parameter: SQLite plans before it knows them.
    """
    lite, post = (where, where) if isinstance(where, str) else where
    return Index(name, *columns, unique=unique, sqlite_where=text(lite), postgresql_where=text(post))


def one_of(words: tuple[str, ...]) -> str:
    """The words as an SQL list."""
    return ", ".join(f"'{word}'" for word in words)
