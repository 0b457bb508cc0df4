"""Column types, constraints and indexes that mean the same on every database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    String,
    Text,
    TextClause,
    text,
)
from sqlalchemy.schema import conv
from sqlalchemy.types import TypeEngine

from ..options import Option
from ..serialization.text import storable
from .supported import DIALECTS


def _portable(generic: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type with what dialects put in its place."""
    for dialect in DIALECTS.values():
        if type(generic) in dialect.types:
            generic = generic.with_variant(dialect.types[type(generic)], dialect.name)
    return generic


Time = _portable(DateTime(timezone=True))
"""An aware UTC datetime on every database."""
BigId = _portable(BigInteger())
Id = String(36)
MOST_OF_A_NAME: Final = 200
Name = String(MOST_OF_A_NAME)
"""Whoever did something, as `name_of` makes it."""
_TYPES: Final[Mapping[type, Any]] = {
    int: Integer,
    float: Float,
    str: Text,
    tuple: Text,
    dict: Text,
    datetime: Time,
}


def name_of(by: str | None) -> str | None:
    """The name of whoever did something as a Name holds it: what is too long is cut."""
    return None if by is None else storable(by[:MOST_OF_A_NAME])[:MOST_OF_A_NAME]


def option_column(name: str, option: Option) -> Column[Any]:
    """The column of an option that is stored; several values are a JSON list."""
    kind = String(option.rule.size) if option.rule.size else _TYPES[option.rule.kind]
    return Column(name, kind, nullable=option.default is None, server_default=_server_default(option))


def _server_default(option: Option) -> TextClause | None:
    """What the column holds where a version without the option wrote the row."""
    if option.default is None:
        return None
    if isinstance(option.default, tuple):
        return text(f"'{json.dumps(option.default)}'")
    return text(repr(option.default))


def check(sql: str, name: str) -> CheckConstraint:
    """What a row must satisfy; named with `conv`, which a host's naming convention leaves alone."""
    return CheckConstraint(sql, name=conv(f"ck_simmer_{name}"))


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that `where` names, in which `{true}` and `{false}` stand for the booleans.

    A query uses it only where it says the same with no parameter: SQLite plans before it knows them.
    """
    options: dict[str, Any] = {}
    for dialect in DIALECTS.values():
        options |= dialect.index_options(where)
    return Index(name, *columns, unique=unique, **options)


def one_of(words: tuple[str, ...]) -> str:
    """The words as an SQL list."""
    return ", ".join(f"'{word}'" for word in words)
