"""Signatures: which argument takes a result, found when they are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import Schema, fields

from app.jobs import InvalidArguments, Simmer
from app.jobs.tasks.signature import FREE, Signature


class Renamed(Schema):
    """A schema of the host's with a name of its own for an argument."""

    value = fields.Integer(data_key="the-value", required=True)


def signature(
    function: Callable[..., Any], args: dict[str, Any], into: str | None = FREE, **options: Any
) -> Any:
    """The signature of a task made of `function`."""
    return Signature(Simmer().task("t", **options)(function).definition, args, {}, into)


TAKEN: list[tuple[Callable[..., Any], dict[str, Any], str | None]] = [
    (lambda rows: 0, {}, "rows"),
    (lambda rows, limit=1: 0, {}, "rows"),
    (lambda limit=1, *, rows: 0, {}, "rows"),
    (lambda path, rows: 0, {"path": "a"}, "rows"),
    (lambda path, rows=(), limit=1: 0, {"path": "a"}, "rows"),
    (lambda rows=(), limit=1: 0, {}, "rows"),
]


@pytest.mark.parametrize(("function", "args", "name"), TAKEN)
def test_the_first_argument_without_a_value_takes_the_result(
    function: Callable[..., Any], args: dict[str, Any], name: str
) -> None:
    """Of those that need a value, else of those that need none."""
    assert signature(function, args).after().into == name


def test_a_schema_of_the_hosts_names_the_argument() -> None:
    """As callers name it."""
    made = signature(lambda value: 0, {}, schema=Renamed)
    assert made.after().into == "the-value"


REFUSED: list[tuple[Callable[..., Any], dict[str, Any], str | None, str]] = [
    (lambda: 0, {}, FREE, "no argument is left"),
    (lambda a: 0, {"a": 1}, FREE, "no argument is left"),
    (lambda a, b: 0, {}, FREE, "a, b have no value: give all but one"),
    (lambda a: 0, {}, "b", "there is no argument 'b'"),
    (lambda a: 0, {"a": 1}, "a", "'a' has a value"),
]


@pytest.mark.parametrize(("function", "args", "into", "words"), REFUSED)
def test_what_can_take_no_result_is_refused(
    function: Callable[..., Any], args: dict[str, Any], into: str | None, words: str
) -> None:
    """Before anything is submitted, saying what to do."""
    with pytest.raises(InvalidArguments, match=words):
        signature(function, args, into).after()


def test_what_needs_no_result_may_do_without() -> None:
    """With into=None, and as a callback of a batch."""
    assert signature(lambda: 0, {}, None).after().into is None
    assert signature(lambda limit=1: 0, {}).callback().into is None
    assert signature(lambda rows, limit=1: 0, {}).callback().into == "rows"
    assert signature(lambda **further: 0, {}, "anything").callback().into == "anything"


def test_what_comes_first_takes_no_result() -> None:
    """There is none."""
    with pytest.raises(InvalidArguments, match="comes after nothing"):
        signature(lambda a: 0, {}, "a").alone()


def test_something_else_than_a_signature_is_refused() -> None:
    """A task itself, most likely; so are no parts at all, and options that belong elsewhere."""
    jobs = Simmer()
    task = jobs.task("t")(lambda: 0)
    for make in (lambda: jobs.chain(task), lambda: jobs.batch([task]), lambda: jobs.batch([], on_done=task)):  # type: ignore[arg-type,list-item]
        with pytest.raises(TypeError, match=r"signatures, task\.s\(…\), and not <Task t>"):
            make()
    with pytest.raises(TypeError, match="was given none"):
        jobs.chain()
    with pytest.raises(InvalidArguments, match="submit\\(\\) of the chain"):
        task.options(session=object()).s()  # type: ignore[arg-type]
