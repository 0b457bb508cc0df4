"""Submitting a task like a call of its function."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, NotRequired, Required, TypedDict

import pytest
from flask import Flask

from app.jobs import InvalidArguments, Simmer

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


class Seat(NamedTuple):
    """A place in a hall."""

    row: int
    number: int = 1


class Order(TypedDict):
    """What may come with it."""

    seats: Required[Sequence[Seat]]
    note: NotRequired[str]


def test_records_and_durations_arrive_from_python_http_and_the_prompt(make_app: Callable[..., Flask]) -> None:
    """A NamedTuple is a list in JSON, a TypedDict an object, a timedelta seconds; stored as it was given."""
    jobs, received = Simmer(), []

    @jobs.task
    def book(order: Order, pause: timedelta, pair: tuple[int, str]) -> timedelta:
        received.append((order, pause, pair))
        return pause

    app = make_app(jobs, JOBS_ENGINE="manual")
    args = {"order": {"seats": [[3, 7], [4]]}, "pause": 90, "pair": [1, "a"]}
    with app.app_context():
        made = [book.submit({"seats": [Seat(3, 7), Seat(4)]}, timedelta(seconds=90), (1, "a")).id]
        answer = app.test_client().post("/api/v1/jobs", json={"task": "book", "args": args})
        made.append(answer.get_json()["id"])
        words = [f"{name}={json.dumps(value)}" for name, value in args.items()]
        made.append(app.test_cli_runner().invoke(args=["jobs", "submit", "book", *words]).stdout.strip())
        jobs.testing.drain()
        assert [jobs.get(job_id).args == args for job_id in made] == [False, True, True]
        assert jobs.get(made[0]).args == {**args, "order": {"seats": [[3, 7], [4, 1]]}}
        assert {jobs.get(job_id).result for job_id in made} == {90.0}
    order: Order = {"seats": [Seat(3, 7), Seat(4, 1)]}
    assert received == [(order, timedelta(seconds=90), (1, "a"))] * 3
