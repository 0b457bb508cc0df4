"""Which signatures of a task are understood, and how the others are refused."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import pytest

from app.jobs.arguments.check import Arguments
from app.jobs.errors import TaskDefinitionError

from .annotations import (
    Boxed,
    Lost,
    Odd,
    Opaque,
    Point,
    Rights,
    Row,
    Secretive,
    Stamp,
    T,
    anything,
    problems,
    submitted,
    takes,
)
from .records import Endless


def further(first: int, **rest: int) -> None: ...


def test_further_names() -> None:
    """**kwargs lets further names in, and its annotation checks their values."""
    assert submitted(Arguments.of(further), first=1, b=2.0) == {"first": 1, "b": 2}
    assert submitted(Arguments.of(anything), first=1, b=["x"]) == {"first": 1, "b": ["x"]}
    assert problems(Arguments.of(further), {"first": 1, "b": "x"}) == {"#/args/b": "Must be an integer."}
    assert problems(Arguments.of(further), {"b": 1}) == {"#/args/first": "Missing data for required field."}


def names(
    fields: int, load: int, opts: int, many: int, unknown: int, data: int, key: int, value: int
) -> None: ...


def test_marshmallows_own_names_may_be_arguments() -> None:
    """A parameter may be called as a schema's attribute is."""
    given_ = dict.fromkeys(("fields", "load", "opts", "many", "unknown", "data", "key", "value"), 1)
    assert submitted(Arguments.of(names), **given_) == given_
    assert problems(Arguments.of(names), {**given_, "value": "x"}) == {"#/args/value": "Must be an integer."}


def by_place(first: int, /) -> None: ...


def by_place_too(*rest: int) -> None: ...


def ambiguous(Meta: int) -> None: ...


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (by_place, "by_place: parameter 'first' is given by position"),
    (by_place_too, "by_place_too: parameter 'rest' is given by position"),
    (ambiguous, "parameter 'Meta' has a name that marshmallow keeps"),
    (takes("Nowhere"), "parameter 'x' is annotated 'Nowhere', which cannot be resolved"),
    (takes("1 +"), "cannot be resolved"),
    (takes(Lost), "is the dataclass Lost, whose annotations cannot be resolved"),
    (takes(list[Secretive]), "is the dataclass Secretive, whose InitVar"),
    (takes(Odd), "parameter 'x', field Odd.x is annotated .*set"),
    (takes(Endless), "is the NamedTuple Endless, which contains itself"),
    (takes(Opaque), "whose values JSON cannot hold"),
    (takes(Literal[b"x"]), "whose values JSON cannot hold"),
    (takes(takes), "is annotated .* not understood"),
]

REFUSED += [
    (takes(annotation), "is annotated .* is not understood")
    for annotation in (
        set,
        set[int],
        bytes,
        object,
        complex,
        Rights,
        Row,
        Stamp,
        Iterable[int],
        Mapping[int, str],
        Callable[[], int],
        T,
        Boxed[int],
        type[int],
        dict[int, str],
        dict[Any, str],
        tuple[int, bytes],
        list[set[int]],
        int | bytes,
        5,
        [int],
    )
]


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_refuses_to_define(function: Callable[..., Any], message: str) -> None:
    """What cannot be checked is refused, naming function and parameter, with schema= as a way out."""
    with pytest.raises(TaskDefinitionError, match=message) as caught:
        Arguments.of(function)
    assert "schema=" in str(caught.value)
    assert function.__qualname__ in str(caught.value)


def test_refuses_what_has_no_signature() -> None:
    """A builtin that does not tell its parameters needs a schema."""
    with pytest.raises(TaskDefinitionError, match="schema="):
        Arguments.of(dict)


def unfinished(x: Later) -> Unfindable:  # type: ignore[name-defined]  # noqa: F821
    ...


def test_annotations_may_be_defined_later() -> None:
    """A forward reference is resolved when the arguments are built, and the result's does not matter."""
    with pytest.raises(TaskDefinitionError, match="Later"):
        Arguments.of(unfinished)
    globals()["Later"] = int
    try:
        assert submitted(Arguments.of(unfinished), x=3) == {"x": 3}
    finally:
        del globals()["Later"]


class Callables:
    def method(self, x: Point) -> None: ...

    def __call__(self, x: Point) -> None: ...


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any: ...

    return inner


def two(x: Point, y: int) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        Callables().method,
        Callables(),
        wrapped(takes("Point")),
        wrapped(wrapped(takes(Point))),
        functools.partial(two, y=1),
    ],
)
def test_all_kinds_of_callables(function: Callable[..., Any]) -> None:
    """Methods, callable objects, decorated functions and partials are read like functions."""
    assert submitted(Arguments.of(function), x={"x": 1}) == {"x": Point(1)}
