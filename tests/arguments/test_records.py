"""TypedDicts, NamedTuples and tuples as arguments, and the abstract types of lists and objects."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.jobs.arguments.check import Arguments

from .annotations import Point, problems, submitted, takes
from .records import Coordinates, Film, Movie, OldShow, Pair, Show

ACCEPTED: list[tuple[Any, Any, Any]] = [
    (tuple[int, str], (1, "a"), (1, "a")),
    (tuple[int | None], [None], (None,)),
    (Sequence[int], (1, 2.0), [1, 2]),
    (Sequence, ["a"], ["a"]),
    (typing.Sequence[int], [1], [1]),
    (Mapping[str, int], {"a": 1.0}, {"a": 1}),
    (Mapping, {"a": None}, {"a": None}),
    (Movie, {"name": "a"}, {"name": "a"}),
    (Film, {"name": "a", "cast": []}, {"name": "a", "cast": []}),
    (
        Film,
        {"name": "a", "cast": ["b"], "year": 3.0, "sequel": {"name": "c", "cast": []}},
        {"name": "a", "cast": ["b"], "year": 3, "sequel": {"name": "c", "cast": []}},
    ),
    (Show, {"title": "a"}, {"title": "a"}),
    (OldShow, {}, {}),
    (Coordinates, Coordinates(1), Coordinates(1)),
    (Coordinates, [1, 2], Coordinates(1, 2.0)),
    (Coordinates, [1, 2, {"x": 1}], Coordinates(1, 2.0, Point(1))),
    (list[Coordinates], [(1,)], [Coordinates(1)]),
    (Pair, ["a", None], Pair("a", None)),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), ACCEPTED)
def test_accepts(annotation: Any, value: Any, expected: Any) -> None:
    """A record is loaded as its class, the abstract types as list and dict."""
    loaded = submitted(Arguments.of(takes(annotation)), x=value)["x"]
    assert loaded == expected
    assert type(loaded) is type(expected)


MISFITS: list[tuple[Any, Any, dict[str, str]]] = [
    (tuple[int, str], [1], {"": "Must be a list of 2 items."}),
    (tuple[int, str], [1, "a", "b"], {"": "Must be a list of 2 items."}),
    (tuple[int, str], "ab", {"": "Must be a list of 2 items."}),
    (Sequence[str], "ab", {"": "Must be a list."}),
    (Mapping[str, int], [], {"": "Must be an object."}),
    (Film, [], {"": "Must be an object."}),
    (Coordinates, [], {"": "Must be a list of 1 to 3 items."}),
    (Coordinates, {"x": 1}, {"": "Must be a list of 1 to 3 items."}),
    (tuple[int, Point], ["a", {}], {"/0": "Must be an integer.", "/1/x": "Missing data for required field."}),
    (Coordinates, [1, "a"], {"/1": "Must be a number."}),
    (
        Film,
        {"cast": [1], "x": 1},
        {"/name": "Missing data for required field.", "/cast/0": "Must be a string.", "/x": "Unknown field."},
    ),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), MISFITS)
def test_points_at_the_place(annotation: Any, value: Any, expected: dict[str, str]) -> None:
    """Each misfit is named by its place in the record."""
    found = problems(Arguments.of(takes(annotation)), {"x": value})
    assert found == {f"#/args/x{pointer}": detail for pointer, detail in expected.items()}


DESCRIBED: list[tuple[Any, dict[str, Any]]] = [
    (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
    (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (
        tuple[int, str],
        {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
    ),
    (
        Pair,
        {
            "type": "array",
            "prefixItems": [{"title": "left"}, {"title": "right"}],
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
    ),
    (
        Film,
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "year": {"type": "integer"},
                "cast": {"type": "array", "items": {"type": "string"}},
                "sequel": {"type": ["object", "null"]},
            },
            "required": ["cast", "name"],
            "additionalProperties": False,
        },
    ),
]


@pytest.mark.parametrize(("annotation", "expected"), DESCRIBED)
def test_json_schema(annotation: Any, expected: dict[str, Any]) -> None:
    """A tuple is an array of so many items, with the names of a NamedTuple; a TypedDict is an object."""
    assert Arguments.of(takes(annotation)).json_schema()["properties"] == {"x": expected}


def test_a_namedtuple_is_stored_as_a_list() -> None:
    """With the defaults that the value has: it is what was given."""
    assert Arguments.of(takes(Coordinates)).check({"x": Coordinates(1)}) == '{"x":[1,0.5,null]}'
