"""What becomes JSON, what is refused and by what name, and what is let in from outside."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column

from app.jobs.serialization.decoding import loads_strict
from app.jobs.serialization.encoding import MAX_DEPTH, NotEncodable, dumps, loads, to_json


class Colour(enum.Enum):
    RED = "red"
    STAMP = date(2030, 1, 31)


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    FAST = "fast"


class Shouting(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "HOSTILE"


class Odd(int):
    def __repr__(self) -> str:
        return "odd"


class Half(float):
    def __repr__(self) -> str:
        return "half"


Pair = namedtuple("Pair", "left right")


@dataclasses.dataclass
class Point:
    x: int
    label: Mode = Mode.FAST
    around: list[Point] = dataclasses.field(default_factory=list)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)


class DataBase(MappedAsDataclass, DeclarativeBase):
    pass


class Row(DataBase):
    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)


class Proxy:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return dict


class BrokenZone(tzinfo):
    def utcoffset(self, moment: datetime | None) -> timedelta:
        raise RuntimeError("no offset today")

    dst = tzname = utcoffset  # type: ignore[assignment]


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


def incomplete() -> Point:
    point = Point(1)
    del point.x
    return point


def cycle() -> list[Any]:
    value: list[Any] = [1]
    value.append({"again": value})
    return value


def numbers() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        pytest.param(10**4299, 10**4299, id="large"),
        (-0.5, -0.5),
        ("grün \U0001f600", "grün \U0001f600"),
        ((1, (2,)), [1, [2]]),
        ({"a": {"b": [None]}}, {"a": {"b": [None]}}),
        (OrderedDict(a=1), {"a": 1}),
        (Pair(1, "r"), [1, "r"]),
        (date(2030, 1, 31), "2030-01-31"),
        (time(9, 30), "09:30:00"),
        (datetime(2030, 1, 31, 9, tzinfo=UTC), "2030-01-31T09:00:00Z"),
        (datetime(2030, 1, 31, 9, 0, 0, 5, tzinfo=UTC), "2030-01-31T09:00:00.000005Z"),
        (datetime(2030, 1, 31, 9, tzinfo=timezone(timedelta(hours=-5))), "2030-01-31T09:00:00-05:00"),
        (datetime(1890, 1, 1, tzinfo=timezone(timedelta(seconds=3208))), "1889-12-31T23:06:32Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1E+3"),
        (Colour.RED, "red"),
        (Colour.STAMP, "2030-01-31"),
        (Level.LOW, 1),
        (Mode.FAST, "fast"),
        ({Mode.FAST: 1}, {"fast": 1}),
        (Shouting("quiet"), "quiet"),
        (Odd(3), 3),
        (Half(0.5), 0.5),
        (
            Point(1, around=[Point(2)]),
            {"x": 1, "label": "fast", "around": [{"x": 2, "label": "fast", "around": []}]},
        ),
    ],
)
def test_encodes(value: Any, expected: Any) -> None:
    """Each understood type has one JSON form, made of plain types."""
    encoded = to_json(value)
    assert encoded == expected
    assert type(encoded) is type(expected)
    assert json.loads(dumps(value)) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "args.x: nan cannot be encoded as JSON: pass None"),
        (-math.inf, "-inf"),
        ({1, 2}, "args.x: set cannot be encoded as JSON: pass a list"),
        (frozenset(), "frozenset .*: pass a list"),
        (range(3), "range .*: pass a list"),
        (numbers(), "generator .*: pass a list"),
        (b"raw", "bytes .*: pass text"),
        (bytearray(b"raw"), "bytearray .*: pass text"),
        (timedelta(1), r"timedelta .*: pass its total_seconds\(\)"),
        (Path("/x"), "Path .*: pass it as a string"),
        (ValueError("x"), "ValueError .*: pass it as a string"),
        (lambda: 1, "function .*: pass the name of a task"),
        (object(), "object cannot be encoded as JSON$"),
        (Point, "type cannot be encoded"),
        (Future(), "Future cannot be encoded"),
        (1 + 2j, "complex cannot be encoded"),
        (datetime(2030, 1, 1), "naive datetime .*: make it aware"),
        (datetime(2030, 1, 1, tzinfo=BrokenZone()), "datetime .RuntimeError when read. cannot be encoded"),
        (datetime.max.replace(tzinfo=timezone(timedelta(seconds=-1))), "OverflowError when read"),
        (Decimal("NaN"), "Decimal NaN"),
        (Decimal("sNaN"), "Decimal sNaN"),
        (Decimal("-Infinity"), "Decimal -Infinity"),
        ("a\0b", "text with NUL"),
        ("\ud800", "lone surrogates"),
        ({"\0": 1}, r"args\.x\['\\x00'\]: text with NUL"),
        ({1: 2}, r"args\.x\.?\[?'?<int>'?\]?: a key of type int .*: pass a string"),
        ({None: 2}, "a key of type NoneType"),
        ({("a",): 2}, "a key of type tuple"),
        pytest.param(10**4300, "more than 4300 digits", id="huge"),
        pytest.param(-(10**4300), "more than 4300 digits", id="huge-negative"),
        (User(id=1), "User cannot be encoded as JSON: pass its id"),
        (Row(id=1), "Row cannot be encoded as JSON: pass its id"),
        (Session(), "Session cannot be encoded"),
        (Proxy(), "Proxy cannot be encoded"),
        (incomplete(), "Point .AttributeError when read."),
        (cycle(), "more than 100 levels"),
        (nested(MAX_DEPTH), "more than 100 levels"),
    ],
)
def test_refuses(value: Any, message: str) -> None:
    """What JSON or a database cannot hold is a TypeError that says why and what to pass instead."""
    with pytest.raises(TypeError, match=message):
        to_json({"x": value}, "args")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"items": [0, 1, 2, {3}]}, "args.items[3]: "),
        ({"a b": {"c": ({}, {"d": {1}})}}, "args['a b'].c[1].d: "),
        ([[set()]], "args[0][0]: "),
        (set(), "args: "),
        ({"p": Point(1, around=[Point(b"")])}, "args.p.around[0].x: "),  # type: ignore[arg-type]
    ],
)
def test_names_the_place(value: Any, place: str) -> None:
    """The message begins with the way to the value, as one would write it in Python."""
    with pytest.raises(NotEncodable) as caught:
        to_json(value, "args")
    assert str(caught.value).startswith(place)


def test_depth_is_counted_exactly() -> None:
    """MAX_DEPTH levels are encoded and read back, one more is refused."""
    assert loads(dumps(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(TypeError):
        dumps(nested(MAX_DEPTH + 1))


def test_result_is_a_copy() -> None:
    """Later changes to what was given do not reach what was encoded."""
    given_ = {"items": [1]}
    encoded = to_json(given_)
    given_["items"].append(2)
    assert encoded == {"items": [1]}


def test_dumps_is_compact_utf8() -> None:
    """The text has no spaces and no ASCII escapes, so that its size is what the client sent."""
    assert dumps({"a": [1, "ü"], "b": None}) == '{"a":[1,"ü"],"b":null}'


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, database=None)
@given(JSON)
def test_json_round_trips(value: Any) -> None:
    """Any JSON comes back as it was, both from our own text and through the strict reader."""
    assert to_json(value) == value
    assert loads(dumps(value)) == value
    assert loads_strict(dumps(value).encode()) == value


@settings(max_examples=60, deadline=None, database=None)
@given(st.binary(max_size=40))
def test_strict_reader_survives_any_bytes(data: bytes) -> None:
    """Bytes are either JSON that can be written again, or a ValueError."""
    try:
        value = loads_strict(data)
    except ValueError:
        return
    json.dumps(value, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Not JSON"),
        (b"{", "Not JSON"),
        (b"{'a':1}", "Not JSON"),
        (b"[1,]", "Not JSON"),
        (b"1 2", "Not JSON"),
        (b'"\xff"', "not UTF-8: byte 1"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"1e400", "1e400 is too large"),
        (b"[-1e999]", "too large"),
        (b"1" * 4301, "too many digits"),
        (b'{"a":1,"a":1}', "twice"),
        (b'[{"x":{"a":1,"b":2,"a":3}}]', "twice"),
        (b'"\\ud800"', "surrogate"),
        (b'{"a":["x\\udfffy"]}', "surrogate"),
        (b'{"\\ud83d":1}', "surrogate"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 500 + b"]" * 500, "nested too deeply"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, "nested too deeply"),
    ],
)
def test_strict_reader_refuses(data: bytes, message: str) -> None:
    """What is not sound JSON is a ValueError whose text can be shown to the client."""
    with pytest.raises(ValueError, match=message):
        loads_strict(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b" 1 ", 1),
        (b"\xef\xbb\xbf[]", []),
        (b"-0", 0),
        (b"1e300", 1e300),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\u0000"', "\0"),
        (b"[" * 200 + b"1" + b"]" * 200, None),
        (b"[" + b"{}," * 300 + b"1]", [*[{}] * 300, 1]),
        pytest.param(b"9" * 4300, int("9" * 4300), id="many-digits"),
    ],
)
def test_strict_reader_accepts(data: bytes, expected: Any) -> None:
    """Unusual but sound JSON is let in; whether NUL may stand somewhere is for the field to say."""
    value = loads_strict(data)
    assert expected is None or value == expected


@pytest.mark.parametrize("text", ["NaN", "{", "[" * 100_000, ""])
def test_loads_raises_value_errors(text: str) -> None:
    """Damaged stored text is a ValueError, never a RecursionError or NaN."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is Python's
        loads(text)
