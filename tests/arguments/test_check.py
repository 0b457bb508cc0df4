"""Arguments are checked at submission and at the run, and each misfit has its place."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.arguments.check import MAX_PROBLEMS, Arguments
from app.jobs.errors import InvalidArguments

from .annotations import DESCRIBED, Point, Tree, build, problems, submitted, takes

POINTERS: list[tuple[Any, Any, dict[str, str]]] = [
    (list[int], [1, "a", 2.5], {"/1": "Must be an integer.", "/2": "Must be an integer."}),
    (
        dict[str, int],
        {"a/b": "x", "c~d": "y"},
        {"/a~1b": "Must be an integer.", "/c~0d": "Must be an integer."},
    ),
    (
        dict[str, int],
        {"ü %": None, "value": None},
        {"/%C3%BC%20%25": "Must be an integer.", "/value": "Must be an integer."},
    ),
    (Point, {}, {"/x": "Missing data for required field."}),
    (Point, {"x": 1, "z": 1}, {"/z": "Unknown field."}),
    (list[Point], [{"x": 1}, {"x": "1"}], {"/1/x": "Must be an integer."}),
    (Point | int, {"x": "1"}, {"/x": "Must be an integer."}),
    (Point | list[int], {"x": "1"}, {"/x": "Must be an integer."}),
    (Point | Tree, {"x": "1"}, {"": "Must be an object or an object."}),
    (Tree, {"name": "a", "children": [{"name": 1}]}, {"/children/0/name": "Must be a string."}),
    (tuple[Point, ...], [{"x": 1}, 2], {"/1": "Must be an object."}),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), POINTERS)
def test_points_at_the_place(annotation: Any, value: Any, expected: dict[str, str]) -> None:
    """Each misfit has a JSON pointer as a fragment (RFC 6901) to the very value."""
    found = problems(Arguments.of(takes(annotation)), {"x": value})
    assert found == {f"#/args/x{pointer}": detail for pointer, detail in expected.items()}


def test_missing_unknown_and_wrong_are_told_together() -> None:
    """One refusal names every argument that does not fit, below the pointer that was asked for."""
    found = problems(Arguments.of(build), {"items": [1, "a"], "extra": 1}, "#/jobs/3/args")
    assert found == {
        "#/jobs/3/args/month": "Missing data for required field.",
        "#/jobs/3/args/items/1": "Must be an integer.",
        "#/jobs/3/args/extra": "Unknown field.",
    }


def test_many_problems_are_cut() -> None:
    """A request of a thousand mistakes gets a hundred answers."""
    found = problems(Arguments.of(build), {f"unknown{index}": 1 for index in range(1000)})
    assert len(found) == MAX_PROBLEMS


def test_stores_what_was_given() -> None:
    """The text holds the arguments as given, without defaults and before any conversion."""
    arguments = Arguments.of(build)
    assert arguments.check({"month": "2030-01", "limit": 3.0}) == '{"month":"2030-01","limit":3.0}'
    assert submitted(arguments, month="x", limit=3.0) == {"month": "x", "limit": 3}
    pause = Arguments.of(takes(timedelta))
    assert pause.check({"x": timedelta(minutes=1.5)}) == '{"x":90.0}'


def test_defaults_stay_the_functions_own() -> None:
    """A parameter that was not given is not passed, and None is let in where it is the default."""
    assert submitted(Arguments.of(build), month="x") == {"month": "x"}
    assert submitted(Arguments.of(takes(int, None)), x=None) == {"x": None}
    assert Arguments.of(takes(int, object())).check({}) == "{}"


@pytest.mark.parametrize(
    ("value", "message", "pointer"),
    [
        ({1}, "args.x: set cannot be encoded as JSON: pass a list", "#/args/x"),
        ({"a": [0, b""]}, r"args\.x\.a\[1\]: bytes cannot be encoded", "#/args/x/a/1"),
        ("\ud800", "args.x: text with NUL or lone surrogates", "#/args/x"),
        ({"k~": "\0"}, r"args.x\['k~'\]: text with NUL", "#/args/x/k~0"),
    ],
)
def test_what_json_cannot_hold_is_a_type_error(value: Any, message: str, pointer: str) -> None:
    """It is a TypeError for who calls it from Python, and has a pointer for who sent it over HTTP."""
    with pytest.raises(TypeError, match=message) as caught:
        Arguments.of(takes(Any)).check({"x": value})
    assert isinstance(caught.value, InvalidArguments)
    assert [error["pointer"] for error in caught.value.errors] == [pointer]


def test_arguments_need_string_names() -> None:
    """A name that is no string is a TypeError like any other key."""
    with pytest.raises(TypeError, match="a key of type int"):
        Arguments.of(takes(Any)).check({1: 2})  # type: ignore[dict-item]


@pytest.mark.parametrize("stored", [None, [], "x", 5, {}, {"y": 1}])
def test_load_refuses_what_does_not_fit_any_more(stored: Any) -> None:
    """Stored arguments of an older version of the task are refused as at submission."""
    with pytest.raises(InvalidArguments):
        Arguments.of(takes(int)).load(stored)


def test_deep_values_are_refused_not_fatal() -> None:
    """A tree of nearly a hundred levels loads; a deeper one is refused by the encoding."""
    arguments = Arguments.of(takes(Tree))
    tree: dict[str, Any] = {"name": "leaf"}
    for _ in range(48):
        tree = {"name": "branch", "children": [tree]}
    assert arguments.check({"x": tree})
    for _ in range(10):
        tree = {"name": "branch", "children": [tree]}
    with pytest.raises(TypeError, match="more than 100 levels"):
        arguments.check({"x": tree})


@settings(max_examples=60, deadline=None, database=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=4), st.lists, max_leaves=6))
def test_any_input_is_accepted_or_refused(value: Any) -> None:
    """No value makes a check fail otherwise than by InvalidArguments."""
    for arguments in EVERY:
        with contextlib.suppress(InvalidArguments):
            arguments.check({"x": value})


EVERY = [Arguments.of(takes(annotation)) for annotation, _ in DESCRIBED]
