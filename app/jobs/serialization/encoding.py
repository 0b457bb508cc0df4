"""Encoding of arguments and results as JSON, and decoding of stored JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from json import JSONDecoder, JSONEncoder
from pathlib import PurePath
from types import FunctionType, GeneratorType, NoneType
from typing import Any, Final
from uuid import UUID

from .text import is_storable

MAX_DEPTH: Final = 100
"""Levels of nested lists and objects."""
MAX_DIGITS: Final = 4300
"""Digits of an integer; Python refuses to parse more (sys.set_int_max_str_digits)."""
_LARGEST = 10**MAX_DIGITS
_HINTS: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((set, frozenset, range, GeneratorType), "pass a list"),
    ((bytes, bytearray), "pass text, or a reference to where the bytes are"),
    ((PurePath, BaseException), "pass it as a string"),
    ((FunctionType,), "pass the name of a task"),
)


class NotEncodable(TypeError):
    """A value that cannot be encoded: `reason` says why, `path` has the steps to it, innermost first."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.reason = f"{what} cannot be encoded as JSON{hint and f': {hint}'}"
        super().__init__(self.reason)
        self.path: list[str | int] = []


def to_json(value: Any, where: str = "value") -> Any:
    """A copy of `value` made of dict, list, str, int, float, bool and None, without subclasses.

    Supports JSON's own types, tuple, date, time, aware datetime (RFC 3339; UTC ends in Z), timedelta
    (seconds), UUID, Decimal (string), Enum (its value) and dataclass instances. Raises NotEncodable, a
    TypeError that names the place, for all else: also NaN, cycles, NUL and lone surrogates, and more than
    MAX_DEPTH levels.
    """
    try:
        return _EXACT.get(type(value), _encode_other)(value, 0)
    except NotEncodable as problem:
        # Only here: while the error passes up, each level adds its step to the path.
        problem.args = (f"{where}{''.join(map(_format_step, reversed(problem.path)))}: {problem.reason}",)
        raise


def dumps(value: Any, where: str = "value") -> str:
    """`to_json(value, where)` as compact JSON text, not escaped to ASCII."""
    return text_of(to_json(value, where))


def text_of(plain: Any) -> str:
    """The result of `to_json` as compact JSON text."""
    return _ENCODER.encode(plain)


def loads(text: str) -> Any:
    """Parse text that `dumps` wrote; raises ValueError for other text."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def stored(text: str) -> Any:
    """Parse JSON that this package stored; unchecked, in a third of the time of `loads`."""
    return _DECODER.raw_decode(text)[0]


def _int(value: int, depth: int) -> int:
    if not -_LARGEST < value < _LARGEST:
        raise NotEncodable(f"an integer of more than {MAX_DIGITS} digits")
    return value


def _float(value: float, depth: int) -> float:
    if not math.isfinite(value):
        raise NotEncodable(f"{value}", "pass None")
    return value


def _str(value: str, depth: int) -> str:
    if not is_storable(value):
        raise NotEncodable("text with NUL or lone surrogates", "remove them")
    return value


def _dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    _check_depth(depth)
    made: dict[str, Any] = {}
    key: Any = ""
    try:
        for key, item in value.items():
            if not issubclass(type(key), str):
                raise NotEncodable(f"a key of type {type(key).__name__}", "pass a string")
            made[_str(str.__str__(key), 0)] = _EXACT.get(type(item), _encode_other)(item, depth + 1)
    except NotEncodable as problem:
        problem.path.append(key if isinstance(key, str) else f"<{type(key).__name__}>")
        raise
    return made


def _list(value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
    _check_depth(depth)
    made: list[Any] = []
    try:
        for item in value:
            made.append(_EXACT.get(type(item), _encode_other)(item, depth + 1))
    except NotEncodable as problem:
        problem.path.append(len(made))
        raise
    return made


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise NotEncodable(f"a value of more than {MAX_DEPTH} levels (does it contain itself?)")


def _format_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step[:80]}" if step.isidentifier() else f"[{step[:80]!r}]"


def _datetime(value: datetime, depth: int) -> str:
    offset = datetime.utcoffset(value)
    if offset is None:
        raise NotEncodable("a naive datetime", "make it aware, as datetime.now(UTC) is")
    if offset % timedelta(minutes=1):  # local mean times have seconds, which RFC 3339 cannot express
        value, offset = datetime.astimezone(value, UTC), timedelta()
    text = datetime.isoformat(value)
    return text if offset else text[: -len("+00:00")] + "Z"


def _decimal(value: Decimal, depth: int) -> str:
    if not value.is_finite():
        raise NotEncodable(f"Decimal {value}", "pass None")
    return str(value)


def _enum(value: Enum, depth: int) -> Any:
    inner = value.value
    return _EXACT.get(type(inner), _encode_other)(inner, depth + 1)


def _encode_other(value: Any, depth: int) -> Any:
    # Rare types, and refused ones. `type`, not isinstance: a LocalProxy reports the class of its target.
    kind = type(value)
    try:
        for base, encode in _BASES.items():
            if issubclass(kind, base):
                return encode(_PLAIN[base](value) if base in _PLAIN else value, depth)
        if dataclasses.is_dataclass(kind) and not is_mapped(kind):
            names = [field.name for field in dataclasses.fields(kind)]
            return _dict({name: getattr(value, name) for name in names}, depth)
    except NotEncodable:
        raise
    except Exception as exc:
        raise NotEncodable(f"{kind.__name__} ({type(exc).__name__} when read)") from exc
    hints = (hint for base, hint in _HINTS if issubclass(kind, base))
    raise NotEncodable(kind.__name__, "pass its id" if is_mapped(kind) else next(hints, ""))


def is_mapped(kind: type) -> bool:
    """Whether `kind` is mapped by SQLAlchemy: its instances belong to a session."""
    return any(hasattr(kind, mark) for mark in ("__table__", "__mapper__", "_sa_class_manager"))


def refuse_constant(name: str) -> None:
    """Raise ValueError for NaN and Infinity, which Python's decoder accepts."""
    raise ValueError(f"{name} is not JSON.")


_ENCODER = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_DECODER = JSONDecoder(parse_constant=refuse_constant)

# By exact type first: nearly every value is one of these, and a dict look-up is cheaper than issubclass.
_EXACT: Final[dict[type, Callable[[Any, int], Any]]] = {
    str: _str,
    int: _int,
    bool: lambda value, depth: value,
    NoneType: lambda value, depth: value,
    float: _float,
    dict: _dict,
    list: _list,
    tuple: _list,
}
_BASES: Final[dict[type, Callable[[Any, int], Any]]] = {
    Enum: _enum,  # before the types that an Enum may derive from
    **_EXACT,
    datetime: _datetime,
    date: lambda value, depth: date.isoformat(value),
    time: lambda value, depth: time.isoformat(value),
    timedelta: lambda value, depth: timedelta.total_seconds(value),
    UUID: lambda value, depth: str(value),
    Decimal: _decimal,
}
# The bases' own methods: a subclass may override __str__, and its value would be stored differently.
_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {str: str.__str__, int: int.__pos__, float: float.__pos__}
