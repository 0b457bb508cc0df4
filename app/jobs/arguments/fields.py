"""Strict marshmallow fields, each with its JSON Schema: no conversion from other JSON types.

Two exceptions, as in JSON Schema: 3.0 is an integer, and 3 is a number.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError, fields, missing

from ..serialization.text import is_storable

Field = fields.Field[Any]
JsonSchema = dict[str, Any]
Convert = Callable[[Field], JsonSchema]
"""Returns the JSON Schema of a field."""


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
    UUID: ("a UUID", "string", "uuid", _uuid),
    Decimal: ('a decimal such as "12.50"', ["string", "number"], "decimal", _decimal),
}
"""Type → label, JSON type, format, parser. For a bad value it returns `missing`, or raises ValueError or
ArithmeticError."""


class StrictField(Field):
    """The base class; `label` completes the message "Must be …"."""

    label: str

    def describe(self, convert: Convert) -> JsonSchema:
        """The JSON Schema of all but null; `convert` is for the fields inside."""
        raise NotImplementedError

    def refusal(self) -> ValidationError:
        """The error for a value that does not fit."""
        return ValidationError(f"Must be {self.label}.")

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """As marshmallow's, faster where the field has no hooks."""
        if value is missing or self.pre_load or self.post_load or (value is None and self.validators):
            return super().deserialize(value, attr, data, **kwargs)
        if value is None and self.allow_none:
            return None
        made = self._deserialize(value, attr, data)
        if self.validators:
            self._validate(made)
        return made


class JsonScalar(StrictField):
    """A value of one of SCALARS."""

    def __init__(self, kind: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.label, self.json_type, self.json_format, self._read = SCALARS[kind]

    def describe(self, convert: Convert) -> JsonSchema:
        known = {"type": self.json_type, "format": self.json_format}
        return {name: value for name, value in known.items() if value}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        try:
            read = self._read(value)
        except (ValueError, ArithmeticError):
            read = missing
        if read is missing:
            raise self.refusal()
        return read


class JsonChoice(StrictField):
    """One of `choices`, pairs of a JSON value and what it loads as, for Literal and Enum."""

    def __init__(self, choices: Iterable[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pairs = list(choices)
        self.values = [value for value, _ in pairs]
        self.choices = {_choice_key(value): choice for value, choice in reversed(pairs)}
        self.label = f"one of {', '.join(map(json.dumps, self.values))}"

    def describe(self, convert: Convert) -> JsonSchema:
        return {"enum": list(self.values)}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        try:
            return self.choices[_choice_key(value)]
        except KeyError:
            raise self.refusal() from None


class JsonUnion(StrictField):
    """The value as loaded by the first of `members` that accepts it."""

    def __init__(self, members: Sequence[Field], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.members = members
        self.label = " or ".join(getattr(member, "label", "other") for member in members)
        # 3 stays an int in `float | int`, and 3.0 a float in `int | float`.
        scalars = [member for member in members if isinstance(member, JsonScalar)]
        self._exact = {member.kind: member for member in scalars if member.kind in (int, float)}

    def describe(self, convert: Convert) -> JsonSchema:
        return {"anyOf": [convert(member) for member in self.members]}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if exact := self._exact.get(type(value)):
            return exact.deserialize(value)
        inside = []
        for member in self.members:
            try:
                return member.deserialize(value)
            except ValidationError as exc:
                inside += [exc] if isinstance(exc.messages, dict) else []
        # Where only one member takes lists or objects, its errors say more than "must be … or …".
        raise inside[0] if len(inside) == 1 else self.refusal()


class JsonList(StrictField):
    """A list of `inner`, loaded as `make`, such as `tuple`."""

    label = "a list"

    def __init__(self, inner: Field, make: Callable[[Iterable[Any]], Any] = list, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner, self._make = inner, make

    def describe(self, convert: Convert) -> JsonSchema:
        return {"type": "array", "items": convert(self.inner)}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if type(value) is not list:
            raise self.refusal()
        return self._make(load_each(self.inner, enumerate(value)).values())


class JsonDict(StrictField):
    """An object with values of `inner`."""

    label = "an object"

    def __init__(self, inner: Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def describe(self, convert: Convert) -> JsonSchema:
        return {"type": "object", "additionalProperties": convert(self.inner)}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise self.refusal()
        return load_each(self.inner, value.items())


class JsonObject(fields.Nested):
    """An object of a schema; a callable that returns it lets a schema contain itself."""

    label = "an object"

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if type(value) is not dict:
            raise ValidationError(f"Must be {self.label}.")
        return super()._deserialize(value, *rest, **kwargs)


def load_each(field: Field, items: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Load each (name, value) with `field`; raises one ValidationError for all invalid ones."""
    loaded, failed = {}, {}
    for name, value in items:
        try:
            loaded[name] = field.deserialize(value)
        except ValidationError as exc:
            failed[name] = exc.messages
    if failed:
        raise ValidationError(failed)
    return loaded


def _choice_key(value: Any) -> Any:
    # 1 and 1.0 are the same JSON, 1 and true are not.
    return (
        json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else (type(value) is bool, value)
    )
