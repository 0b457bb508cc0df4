"""Submitting a task like a call of its function."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs import InvalidArguments

from ..engines.driver import EngineDriver


def test_arguments_by_position_get_the_names_of_the_parameters(driver: EngineDriver) -> None:
    """As in a call: by position, by name, and mixed; they are stored by their names."""

    @driver.jobs.task
    def add(a: int, b: int = 0, *, c: int = 0) -> int:
        return a + b + c

    for job in (add.submit(1, 2), add.submit(1, b=2), add.options(priority=1).submit(b=2, a=1)):
        assert job.args == {"a": 1, "b": 2}
        assert driver.finish(job).result == 3
    assert driver.finish(add.submit(1, c=5)).result == 6


@pytest.mark.parametrize(
    ("args", "kwargs", "complaint"),
    [
        ((1, 2, 3), {}, "#/args: add takes 2 arguments by position, 3 were given"),
        ((1,), {"a": 1}, "#/args/a: given twice: by position and by name"),
        ((1, 2), {"b": 1, "a": 2}, "#/args/a: given twice: by position and by name; #/args/b: given twice"),
        (("x",), {}, "#/args/a: Must be an integer"),
        ((), {"b": 1}, "#/args/a: Missing data"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    driver: EngineDriver, args: tuple[Any, ...], kwargs: dict[str, Any], complaint: str
) -> None:
    """Too many, twice the same, of a wrong type, or missing: each is named, and nothing is stored."""

    @driver.jobs.task
    def add(a: int, b: int = 0, *, c: int = 0) -> int:
        return a + b + c

    with pytest.raises(InvalidArguments) as caught:
        add.submit(*args, **kwargs)
    assert str(caught.value).startswith(complaint)
    assert driver.jobs.list() == []


def test_a_task_may_take_an_argument_named_self(driver: EngineDriver) -> None:
    """No parameter of ours stands in the way of a name."""

    @driver.jobs.task
    def of(self: str, name: str) -> str:
        return f"{self} {name}"

    assert driver.finish(of.submit(self="a", name="b")).result == "a b"
    assert of("a", name="b") == "a b"
