"""What goes into a task and what comes out, on every engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from marshmallow import Schema, fields

from app.jobs import current_job
from app.jobs.errors import InvalidArguments, UnknownTask

from .conftest import MakeDriver
from .driver import EngineDriver


@dataclass
class Point:
    """An argument with a shape."""

    x: int
    y: int = 0


class Report(Schema):
    """A schema of the task's own."""

    month = fields.Date(required=True)
    copies = fields.Integer(load_default=1)


def test_a_job_runs_and_keeps_its_result(driver: EngineDriver) -> None:
    """The result, the times, the attempt and the events of a success are stored."""
    driver.jobs.task("add")(lambda a, b=0: a + b)
    job = driver.run("add", {"a": 2, "b": 3})
    assert (job.state, job.result, job.error) == ("succeeded", 5, None)
    assert (job.attempt, job.max_attempts, job.engine) == (1, 1, driver.engine)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at
    assert job.run_seconds is not None
    assert job.queued_seconds is not None
    assert driver.events(job) == ["submitted", "claimed", "succeeded"]
    assert driver.outcomes(job) == [(1, 1, "succeeded")]


def test_the_task_gets_what_its_annotations_load(driver: EngineDriver) -> None:
    """Arguments pass through JSON and arrive as the annotated types; `args` stores what was given."""
    seen: list[Any] = []

    @driver.jobs.task
    def take(day: date, at: datetime, price: Decimal, key: UUID, point: Point, n: int) -> None:
        seen.extend([day, at, price, key, point, n])

    moment, key = datetime(2030, 1, 2, 3, tzinfo=UTC), UUID(int=7)
    job = take.submit(
        day=date(2030, 1, 31),
        at=moment,
        price=Decimal("1.10"),
        key=key,
        point=Point(1, 2),
        n=3.0,  # type: ignore[arg-type]  # JSON has no integers
    )
    assert driver.finish(job).state == "succeeded"
    assert seen == [date(2030, 1, 31), moment, Decimal("1.10"), key, Point(1, 2), 3]
    assert job.args == {
        "day": "2030-01-31", "at": "2030-01-02T03:00:00Z", "price": "1.10", "key": str(key),
        "point": {"x": 1, "y": 2}, "n": 3.0,
    }  # fmt: skip


def test_the_task_gets_what_its_schema_loads(driver: EngineDriver) -> None:
    """With a marshmallow schema the task receives loaded values and defaults; `current_job.args` the JSON."""
    seen: list[Any] = []

    @driver.jobs.task("report", schema=Report)
    def report(month: date, copies: int) -> None:
        seen.extend([month, copies, dict(current_job.args)])

    driver.run("report", {"month": "2030-01-31"})
    assert seen == [date(2030, 1, 31), 1, {"month": "2030-01-31"}]


def test_wrong_arguments_are_refused_at_submission(driver: EngineDriver) -> None:
    """Missing, unknown and misfitting arguments raise, and nothing is stored."""

    @driver.jobs.task
    def add(a: int, b: int = 0) -> int:
        return a + b

    for args in ({}, {"a": "x"}, {"a": 1, "c": 2}, {"a": True}):
        with pytest.raises(InvalidArguments):
            add.submit(**args)
        with pytest.raises(InvalidArguments):
            driver.jobs.submit("add", args)
    assert driver.jobs.list() == []


def test_an_unknown_name_is_refused(driver: EngineDriver) -> None:
    """Only registered names can be submitted."""
    with pytest.raises(UnknownTask, match="os:mkdir"):
        driver.jobs.submit("os:mkdir", {"path": "/tmp/x"})


def test_results_are_encoded_like_arguments(driver: EngineDriver) -> None:
    """Dates, UUIDs, decimals, tuples and dataclasses come back as JSON."""

    @driver.jobs.task
    def make() -> Any:
        return {"day": date(2030, 1, 1), "pair": (1, Decimal("2.50")), "point": Point(3), "none": None}

    assert driver.run("make").result == {
        "day": "2030-01-01",
        "pair": [1, "2.50"],
        "point": {"x": 3, "y": 0},
        "none": None,
    }


def test_a_result_that_is_not_json_fails_without_a_retry(driver: EngineDriver) -> None:
    """ResultNotSerializable is final, whatever attempts are left."""
    values: list[Any] = [{1}, b"x", float("nan"), {"a": float("inf")}, object(), {1: 2}]
    driver.jobs.task("make", max_attempts=3, backoff=0)(lambda which: values[which])
    for which in range(len(values)):
        job = driver.run("make", {"which": which})
        assert (job.state, job.attempt) == ("failed", 1)
        assert job.error is not None
        assert job.error["type"] == "ResultNotSerializable"


def test_a_result_that_is_too_large_fails_without_a_retry(engine: str, make_driver: MakeDriver) -> None:
    """The limit counts bytes, not characters."""
    driver = make_driver(engine, JOBS_MAX_RESULT_BYTES=100)
    driver.jobs.task("make", max_attempts=3, backoff=0)(lambda n: "é" * n)
    assert driver.run("make", {"n": 49}).state == "succeeded"
    job = driver.run("make", {"n": 50})
    assert job.error is not None
    assert (job.state, job.attempt, job.error["type"]) == ("failed", 1, "ResultTooLarge")


def test_a_task_can_be_called_as_a_function(driver: EngineDriver) -> None:
    """`task(...)` is the function, with no job made."""

    @driver.jobs.task
    def add(a: int, b: int = 0) -> int:
        return a + b

    assert add(2, b=3) == 5
    assert driver.jobs.list() == []
