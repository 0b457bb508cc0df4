"""The types whose values JSON holds as one text, number, boolean or null, and how each is read.

Strict: no conversion from other JSON types. Two exceptions, as in JSON Schema: 3.0 is an integer, and 3 is a
number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any, Final
from uuid import UUID

from marshmallow import missing

from ..serialization.text import is_storable


def _matching(pattern: str, parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    # ASCII: \d would match digits of all scripts, which fromisoformat and databases do not.
    expression = re.compile(pattern, re.ASCII)
    return lambda value: parse(value) if type(value) is str and expression.fullmatch(value) else missing


# `type(…) is`, not isinstance: True is an int in Python, but not in JSON.
def _exactly(kind: type) -> Callable[[Any], Any]:
    return lambda value: value if type(value) is kind else missing


def _integer(value: Any) -> Any:
    if type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is int else missing


def _number(value: Any) -> Any:
    return float(value) if type(value) in (int, float) and math.isfinite(float(value)) else missing


def _timedelta(value: Any) -> Any:
    return timedelta(seconds=value) if type(value) in (int, float) else missing


def _string(value: Any) -> Any:
    return value if type(value) is str and is_storable(value) else missing


def _parse_datetime(text: str) -> datetime:
    moment = datetime.fromisoformat(text.upper())
    moment.astimezone(UTC)  # raises near the ends of the calendar: here rather than in the task
    return moment


def _decimal(value: Any) -> Any:
    # By its shortest text: Decimal(0.1) would have 55 digits.
    return _decimal_text(repr(value) if type(value) in (int, float) else value)


_DATE, _CLOCK, _OFFSET = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d(\.\d+)?", r"([Zz]|[+-]\d\d:\d\d)"
_date = _matching(_DATE, date.fromisoformat)
_time = _matching(rf"({_CLOCK}|\d\d:\d\d){_OFFSET}?", lambda text: time.fromisoformat(text.upper()))
_datetime = _matching(rf"{_DATE}[Tt ]{_CLOCK}{_OFFSET}", _parse_datetime)
_uuid = _matching("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", UUID)
_decimal_text = _matching(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", Decimal)

SCALARS: Final[Mapping[Any, tuple[str, str | list[str], str, Callable[[Any], Any]]]] = {
    Any: ("any JSON", "", "", lambda value: value),
    NoneType: ("null", "null", "", _exactly(NoneType)),
    bool: ("true or false", "boolean", "", _exactly(bool)),
    int: ("an integer", "integer", "", _integer),
    float: ("a number", "number", "", _number),
    str: ("a string", "string", "", _string),
    date: ("a date such as 2030-01-31", "string", "date", _date),
    time: ("a time such as 09:30:00", "string", "", _time),
    datetime: ("a time with its offset, such as 2030-01-31T09:00:00Z", "string", "date-time", _datetime),
    timedelta: ("a number of seconds", "number", "", _timedelta),
    UUID: ("a UUID", "string", "uuid", _uuid),
    Decimal: ('a decimal such as "12.50"', ["string", "number"], "decimal", _decimal),
}
"""Type → label, JSON type, format, parser. For a bad value it returns `missing`, or raises ValueError or
ArithmeticError."""


def scalar_of(kind: type) -> Any:
    """The key of SCALARS that `kind` is, or None.

    freezegun puts its own classes in the place of date and datetime: each of the two is then a subclass of
    the other.
    """
    if kind in SCALARS:
        return kind
    types = (each for each in SCALARS if isinstance(each, type))
    return next((each for each in types if issubclass(kind, each) and issubclass(each, kind)), None)
