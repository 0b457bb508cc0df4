"""What becomes JSON, what is refused and by what name, and what comes back of it."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from concurrent.futures import Future
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.jobs.serialization.decoding import loads_strict
from app.jobs.serialization.encoding import MAX_DEPTH, NotEncodable, dumps, loads, to_json

from .values import (
    BrokenZone,
    Colour,
    Half,
    Level,
    Mode,
    Odd,
    Pair,
    Point,
    Proxy,
    Row,
    Shouting,
    User,
    cycle,
    incomplete,
    nested,
    numbers,
)


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
        (timedelta(minutes=1.5), 90.0),
        (timedelta(microseconds=-1), -0.000001),
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


@pytest.mark.parametrize("text", ["NaN", "{", "[" * 100_000, ""])
def test_loads_raises_value_errors(text: str) -> None:
    """Damaged stored text is a ValueError, never a RecursionError or NaN."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is Python's
        loads(text)
