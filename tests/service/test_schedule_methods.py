"""Schedules in Python: updated in part, listed, and their mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import InvalidArguments, ScheduleNotFound, Simmer, UnknownTask
from app.jobs.errors import ScheduleDeclared
from app.jobs.schedules.triggers.interval import IntervalTrigger

BEFORE: dict[str, Any] = {
    "task": "echo", "args": {"value": 1}, "trigger": {"type": "interval", "seconds": 10}, "misfire": "skip",
    "jitter": 2.0, "paused": False,
}  # fmt: skip
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"jitter": 5.0}, {"jitter": 5.0}),
    ({"args": {"value": 2}, "paused": True}, {"args": {"value": 2}, "paused": True}),
    ({"trigger": "interval", "minutes": 5}, {"trigger": {"type": "interval", "minutes": 5}}),
    ({"trigger": timedelta(hours=1)}, {"trigger": {"type": "interval", "hours": 1}}),
    ({"trigger": IntervalTrigger(days=1)}, {"trigger": {"type": "interval", "days": 1}}),
    (
        {"trigger": "cron", "hour": 9, "timezone": ZoneInfo("Europe/Helsinki")},
        {"trigger": {"type": "cron", "hour": "9", "timezone": "Europe/Helsinki"}},
    ),
    ({"timezone": "UTC"}, {"trigger": {"type": "interval", "seconds": 10, "timezone": "UTC"}}),
    ({}, {}),
]


@pytest.fixture
def jobs(make_app: Callable[..., Flask], url: URL) -> Iterator[Simmer]:
    """A Simmer with the schedules `mine` and, of its code, `coded`; once for each kind of database."""
    made = Simmer()
    task = made.task("echo")(lambda value=None: value)
    made.schedule("interval", hours=1, id="coded")(task)
    with make_app(made, url=url, JOBS_ENGINE="manual").app_context():
        made.testing.advance(0)
        made.add_schedule(id="mine", **BEFORE)
        yield made


def test_an_update_changes_what_it_names(jobs: Simmer) -> None:
    """And returns the schedule as it is stored; the rest stays."""
    for changes, changed in CHANGES:
        jobs.add_schedule(id="mine", replace=True, **BEFORE)
        found = jobs.update_schedule("mine", **changes)
        assert {name: getattr(found, name) for name in BEFORE} == {**BEFORE, **changed}
        assert found == jobs.get_schedule("mine")


def test_an_update_takes_a_task_as_well_as_its_name(jobs: Simmer) -> None:
    """As `add_schedule` does."""
    other = jobs.task("other")(lambda: None)
    assert jobs.update_schedule("mine", task=other, args={}).task == "other"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"seconds": 5}, "#/seconds"), ({"colour": "red"}, "#/colour"), ({"args": {"x": 1}}, "#/args/x"),
    ({"trigger": "cron", "hour": 25}, "#/trigger/hour"), ({"timezone": "Mars"}, "#/trigger/timezone"),
    ({"misfire": "never"}, "#/misfire"), ({"trigger": 5}, "#/trigger/type"),
]  # fmt: skip


def test_an_update_that_cannot_be_changes_nothing(jobs: Simmer) -> None:
    """It is refused with the place."""
    before = jobs.get_schedule("mine")
    for changes, place in WRONG:
        with pytest.raises(InvalidArguments) as caught:
            jobs.update_schedule("mine", **changes)
        assert [error["pointer"] for error in caught.value.errors] == [place]
    assert jobs.get_schedule("mine") == before


def test_what_cannot_be_updated_says_so(jobs: Simmer) -> None:
    """No such id, no such task, one that code declares, of which only the pause can be changed."""
    with pytest.raises(ScheduleNotFound):
        jobs.update_schedule("nobody", jitter=1)
    with pytest.raises(UnknownTask):
        jobs.update_schedule("mine", task="nobody")
    with pytest.raises(ScheduleDeclared):
        jobs.update_schedule("coded", jitter=1)
    assert jobs.update_schedule("coded", paused=True).paused is True


def test_all_schedules_are_listed(jobs: Simmer) -> None:
    """Those of the code and those made at run time, by id."""
    assert jobs.list_schedules() == [jobs.get_schedule("coded"), jobs.get_schedule("mine")]
