"""Signatures of plain types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pytest

from app.jobs.arguments.plain import parameters_if_plain
from app.jobs.arguments.signature import schema_of


@dataclass
class Point:
    """Has a schema of its own."""

    x: int


def plain(a: int, b, c: list[str | None] | None = None, *, d: dict[str, Any] = {}, e: datetime) -> None:  # type: ignore[no-untyped-def] # noqa: B006
    """Everything that is plain."""


def test_plain_parameters_are_those_of_the_schema() -> None:
    """The same names, and which of them must be given."""
    found = parameters_if_plain(plain)
    assert found == {"a": True, "b": True, "c": False, "d": False, "e": True}
    assert found == {name: field.required for name, field in schema_of(plain).fields.items()}


def of_literal(a: Literal[1]) -> None: ...
def of_record(a: Point) -> None: ...
def of_set(a: set[int]) -> None: ...
def of_keys(a: dict[int, str]) -> None: ...
def with_more(**more: int) -> None: ...
def by_position(a: int, /) -> None: ...
def unresolvable(a: Nowhere) -> None: ...  # type: ignore[name-defined] # noqa: F821


class Unhashable:
    """An annotation that no set can hold."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self) -> None: ...


def of_unhashable(a: Unhashable()) -> None: ...  # type: ignore[valid-type]
def meta(Meta: int) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        of_literal,
        of_record,
        of_set,
        of_keys,
        with_more,
        by_position,
        unresolvable,
        of_unhashable,
        meta,
        print,
    ],
    ids=lambda function: function.__name__,
)
def test_what_a_schema_might_refuse_is_not_plain(function: Callable[..., Any]) -> None:
    """It is left to the schema, which says why."""
    assert parameters_if_plain(function) is None
