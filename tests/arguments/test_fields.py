"""Which values each annotation lets in, and what is said of the others."""

from __future__ import annotations

import typing
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.arguments.check import Arguments

from .annotations import Colour, FakeDatetime, Mode, Point, Range, Tree, UserId, problems, submitted, takes

ACCEPTED: list[tuple[Any, Any, Any]] = [
    (int, 3, 3),
    (int, 3.0, 3),
    (int, 10**30, 10**30),
    (float, 3, 3.0),
    (float, 0.1, 0.1),
    (str, "ü", "ü"),
    (str, Mode.FAST, "fast"),
    (bool, False, False),
    (None, None, None),
    (type(None), None, None),
    (Any, [1, {"a": None}], [1, {"a": None}]),
    (Any, None, None),
    (list, [1, "a", None], [1, "a", None]),
    (list[int], (1, 2.0), [1, 2]),
    (list[list[str]], [["a"], []], [["a"], []]),
    (typing.List[int], [1], [1]),  # noqa: UP006
    (dict, {"a": [1]}, {"a": [1]}),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (dict[str, Any], {"a": None}, {"a": None}),
    (tuple[int, ...], (1, 2), (1, 2)),
    (tuple, [1, "a"], (1, "a")),
    (timedelta, timedelta(minutes=1.5), timedelta(seconds=90)),
    (timedelta, 90, timedelta(seconds=90)),
    (timedelta, -0.5, timedelta(seconds=-0.5)),
    (timedelta | None, None, None),
    (FakeDatetime, "2030-01-31T09:00:00Z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
    (Optional[int], None, None),  # noqa: UP045
    (int | None, 4, 4),
    (Union[int, str], "a", "a"),  # noqa: UP007
    (int | str | None, None, None),
    (float | int, 2**60 + 1, 2**60 + 1),
    (int | float, 3.0, 3.0),
    (date | str, "2030-01-31", date(2030, 1, 31)),
    (date | str, "soon", "soon"),
    (list[int] | int, [1], [1]),
    (Literal["a", 1, None], None, None),
    (Literal["a", 1], 1.0, 1),
    (Literal[True], True, True),
    (Literal[Mode.FAST], "fast", Mode.FAST),
    (Colour, Colour.RED, Colour.RED),
    (Colour, "red", Colour.RED),
    (Colour, 2, Colour.TWO),
    (Colour, "2030-01-31", Colour.DAY),
    (Mode | None, "fast", Mode.FAST),
    (date, "2030-01-31", date(2030, 1, 31)),
    (time, "09:30", time(9, 30)),
    (time, "09:30:00.5+01:00", time(9, 30, 0, 500_000, tzinfo=timezone(timedelta(hours=1)))),
    (datetime, "2030-01-31T09:00:00Z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
    (datetime, "2030-01-31t09:00:00.123456789z", datetime(2030, 1, 31, 9, 0, 0, 123_456, tzinfo=UTC)),
    (datetime, "2030-01-31 09:00:00-05:00", datetime(2030, 1, 31, 14, tzinfo=UTC)),
    (UUID, UUID(int=7), UUID(int=7)),
    (UUID, "0190B5A0-0000-7000-8000-000000000000", UUID("0190b5a0-0000-7000-8000-000000000000")),
    (Decimal, "12.50", Decimal("12.50")),
    (Decimal, 3, Decimal(3)),
    (Decimal, 0.1, Decimal("0.1")),
    (Decimal, "-1e5", Decimal("-1E+5")),
    (Point, Point(1), Point(1)),
    (Point, {"x": 1, "y": 2}, Point(1, 2.0)),
    (Point | None, None, None),
    (Tree, Tree("a", [Tree("b", [Tree("c")])]), Tree("a", [Tree("b", [Tree("c")])])),
    (Range, Range(1, 3), Range(1, 3)),
    (list[Point], [Point(1), {"x": 2}], [Point(1), Point(2)]),
    (dict[str, Point | None], {"a": None, "b": Point(1)}, {"a": None, "b": Point(1)}),
    (Annotated[int, "metres"], 1, 1),
    (list[Annotated[int, "metres"]], [1], [1]),
    (UserId, 5, 5),
    ("int | None", None, None),
    ("list[Point]", [{"x": 1}], [Point(1)]),
    (list["Point"], [{"x": 1}], [Point(1)]),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), ACCEPTED)
def test_accepts(annotation: Any, value: Any, expected: Any) -> None:
    """Each understood annotation lets its values in, and the task receives what the annotation says."""
    loaded = submitted(Arguments.of(takes(annotation)), x=value)["x"]
    assert loaded == expected
    assert type(loaded) is type(expected)


MISFITS: list[tuple[Any, Any, str]] = [
    (int, True, "Must be an integer."),
    (int, "3", "Must be an integer."),
    (int, 1.7, "Must be an integer."),
    (int, None, "Must be an integer."),
    (int, [3], "Must be an integer."),
    (float, "1", "Must be a number."),
    (float, False, "Must be a number."),
    (float, 10**400, "Must be a number."),
    (str, 5, "Must be a string."),
    (str, None, "Must be a string."),
    (bool, 1, "Must be true or false."),
    (bool, "true", "Must be true or false."),
    (None, 0, "Must be null."),
    (list, {"a": 1}, "Must be a list."),
    (list, "abc", "Must be a list."),
    (dict, [], "Must be an object."),
    (tuple[int, ...], {}, "Must be a list."),
    (timedelta, True, "Must be a number of seconds."),
    (timedelta, "90", "Must be a number of seconds."),
    (timedelta, 1e300, "Must be a number of seconds."),
    (int | str, 1.5, "Must be an integer or a string."),
    (int | None, "x", "Must be an integer."),
    (Point | int, "x", "Must be an object or an integer."),
    (Literal["a", 1], True, 'Must be one of "a", 1.'),
    (Literal[True], 1, "Must be one of true."),
    (Literal["a"], None, 'Must be one of "a".'),
    (Literal["a"], ["a"], 'Must be one of "a".'),
    (Colour, "blue", 'Must be one of "red", 2, "2030-01-31".'),
    (Colour, "RED", 'Must be one of "red", 2, "2030-01-31".'),
    (date, "2030-02-30", "Must be a date such as 2030-01-31."),
    (date, "20300131", "Must be a date such as 2030-01-31."),
    (date, "2030-W05-4", "Must be a date such as 2030-01-31."),
    (date, "٢٠٣٠-٠١-٣١", "Must be a date such as 2030-01-31."),
    (date, 5, "Must be a date such as 2030-01-31."),
    (time, "25:00:00", "Must be a time such as 09:30:00."),
    (UUID, "{00000000-0000-0000-0000-000000000001}", "Must be a UUID."),
    (UUID, "00000000000000000000000000000001", "Must be a UUID."),
    (Decimal, "NaN", 'Must be a decimal such as "12.50".'),
    (Decimal, "1_000", 'Must be a decimal such as "12.50".'),
    (Decimal, " 1", 'Must be a decimal such as "12.50".'),
    (Decimal, "1e99999999999999999999", 'Must be a decimal such as "12.50".'),
    (Decimal, True, 'Must be a decimal such as "12.50".'),
    (Point, [], "Must be an object."),
    (Range, {"first": 3, "last": 1}, "first must not be after last"),
]

TIMES = "Must be a time with its offset, such as 2030-01-31T09:00:00Z."

MISFITS += [
    (datetime, text, TIMES)
    for text in (
        "2030-01-31T09:00:00",
        "2030-01-31",
        "2030-01-31T09:00Z",
        "20300131T090000Z",
        "2030-01-31T09:00:60Z",
        "2030-01-31T09:00:00+24:00",
        "0000-01-31T09:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "soon",
        1_700_000_000,
    )
]


@pytest.mark.parametrize(("annotation", "value", "detail"), MISFITS)
def test_refuses(annotation: Any, value: Any, detail: str) -> None:
    """What is only near the annotation is refused at submission, saying what it must be."""
    assert problems(Arguments.of(takes(annotation)), {"x": value}) == {"#/args/x": detail}


OFFSETS = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))

STRATEGIES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (str, st.text(st.characters(codec="utf-8", exclude_characters="\0"))),
    (bool | None, st.booleans() | st.none()),
    (datetime, st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS)),
    (date, st.dates()),
    (time, st.times()),
    (UUID, st.uuids()),
    (timedelta, st.timedeltas(timedelta(days=-99_999), timedelta(days=99_999))),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (Colour, st.sampled_from(Colour)),
    (int | float | str, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just("x")),
    (dict[str, tuple[int, ...]], st.dictionaries(st.sampled_from("abc"), st.lists(st.integers()).map(tuple))),
    (list[Point], st.lists(st.builds(Point, st.integers(), st.floats(-9, 9), st.none()), max_size=3)),
]


@pytest.mark.parametrize(("annotation", "values"), STRATEGIES)
def test_round_trip(annotation: Any, values: st.SearchStrategy[Any]) -> None:
    """What is submitted from Python as the annotation says arrives equal and of the same type."""
    arguments = Arguments.of(takes(annotation))

    @settings(max_examples=25, deadline=None, database=None)
    @given(values)
    def arrives(value: Any) -> None:
        loaded = submitted(arguments, x=value)["x"]
        assert loaded == value
        assert isinstance(loaded, type(value))

    arrives()
