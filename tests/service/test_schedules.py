"""A stored schedule is changed: nothing that passed goes unrecorded, and no change undoes another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.jobs import InvalidArguments, ScheduleExists, Simmer
from app.jobs.errors import ArgumentsTooLarge, TaskDefinitionError

EVERY_TEN = {"type": "interval", "seconds": 10}


@pytest.fixture
def jobs(make_app: Callable[..., Flask]) -> Iterator[Simmer]:
    """A Simmer with a task and the manual engine, in the context of its app."""
    made = Simmer()
    made.task("echo")(lambda value=None: value)
    with make_app(made, JOBS_ENGINE="manual", JOBS_MAX_ARGS_BYTES=1024).app_context():
        made.add_schedule(id="ten", task="echo", trigger=EVERY_TEN, max_running=None)
        yield made


def decided(jobs: Simmer) -> list[tuple[float, str, int]]:
    """(seconds after the anchor, decision, count) of each decision, oldest first."""
    anchor = jobs.get_schedule("ten").created_at
    rows = reversed(jobs.runtime.schedules.history("ten"))
    return [((row["fire_time"] - anchor).total_seconds(), row["decision"], row["count"]) for row in rows]


def put(jobs: Simmer, *, paused: bool, trigger: Any = None) -> None:
    """Replace the schedule as PUT does."""
    words = {"task": "echo", "trigger": trigger or EVERY_TEN, "max_running": None, "paused": paused}
    jobs.runtime.schedules.replace("ten", words)


@pytest.mark.parametrize("way", ["resume", "put", "patch", "patch with more", "put another trigger"])
def test_however_it_is_resumed_the_pause_is_recorded(jobs: Simmer, way: str) -> None:
    """The fire times since the pause have one row that counts them, and the next one fires."""
    jobs.testing.advance(20)
    jobs.pause_schedule("ten")
    jobs.testing.advance(35)
    ways: dict[str, Callable[[], object]] = {
        "resume": lambda: jobs.resume_schedule("ten"),
        "put": lambda: put(jobs, paused=False),
        "patch": lambda: jobs.runtime.schedules.patch("ten", {"paused": False}),
        "patch with more": lambda: jobs.runtime.schedules.patch("ten", {"paused": False, "jitter": 1.0}),
        "put another trigger": lambda: put(jobs, paused=False, trigger={"type": "interval", "seconds": 20}),
    }
    ways[way]()
    jobs.testing.advance(5)
    assert decided(jobs) == [(10, "fired", 1), (20, "fired", 1), (30, "paused", 3), (60, "fired", 1)]


def test_a_pause_by_replacing_is_recorded_too(jobs: Simmer) -> None:
    """A fire time that had come and was not decided yet counts to the pause."""
    jobs.testing.advance(5)
    jobs.runtime.clock.advance(10)  # type: ignore[attr-defined]  # past a fire time that nobody saw
    put(jobs, paused=True)
    jobs.testing.advance(10)
    jobs.resume_schedule("ten")
    assert decided(jobs) == [(10, "paused", 2)]


@pytest.mark.parametrize("verb", ["resume", "skip"])
def test_a_clock_set_back_does_not_break_changes(jobs: Simmer, verb: str) -> None:
    """Fire times that were decided keep their decision; the first that was not gets the new one."""
    jobs.testing.advance(30)
    jobs.runtime.clock.jump(-18)  # type: ignore[attr-defined]
    jobs.pause_schedule("ten")
    jobs.resume_schedule("ten")  # from now on: 20, which had its job
    before = decided(jobs)
    if verb == "skip":
        jobs.runtime.schedules.skip("ten")
        assert decided(jobs) == [*before, (40, "skipped", 1)]
    else:
        jobs.pause_schedule("ten")
        jobs.runtime.clock.jump(33)  # type: ignore[attr-defined]
        jobs.resume_schedule("ten")
        assert decided(jobs) == [*before, (40, "paused", 1)]
    jobs.testing.advance(60)
    fired = [second for second, decision, _ in decided(jobs) if decision == "fired"]
    assert fired[:5] == [10, 20, 30, 50, 60]


def test_arguments_that_no_job_could_have_are_refused(jobs: Simmer) -> None:
    """At once, not at each fire time."""
    with pytest.raises(ArgumentsTooLarge) as caught:
        jobs.add_schedule(id="large", task="echo", trigger=EVERY_TEN, args={"value": "x" * 1024})
    assert caught.value.errors[0]["pointer"] == "#/args"
    with pytest.raises(InvalidArguments):
        jobs.runtime.schedules.patch("ten", {"args": {"value": "x" * 1024}})


@pytest.mark.parametrize("id", ["a b", "x" * 65, "<lambda>", "ä"])
def test_code_cannot_declare_what_http_cannot_name(id: str) -> None:
    """An id that is no slug is refused where it is declared, also one that is the task's name."""
    jobs = Simmer()
    with pytest.raises(TaskDefinitionError, match="1 to 64 letters"):
        jobs.schedule("interval", seconds=1, id=id)(jobs.task("fine")(lambda: None))
    if id == "<lambda>":
        with pytest.raises(TaskDefinitionError, match="give it an id="):
            jobs.schedule("interval", seconds=1)(lambda: None)


def test_a_schedule_takes_a_task_and_may_replace_its_like(jobs: Simmer) -> None:
    """The task itself in place of its name; with replace=True what had the id before is gone."""
    other = jobs.task("other")(lambda value=None: value)
    with pytest.raises(ScheduleExists):
        jobs.add_schedule(id="ten", task=other, trigger="interval", seconds=20)
    changed = jobs.add_schedule(id="ten", task=other, trigger="interval", seconds=20, replace=True)
    assert (changed.task, changed.trigger, changed.max_running) == (
        "other",
        {"type": "interval", "seconds": 20},
        1,
    )
    assert jobs.add_schedule(id="new", task=other, trigger="interval", seconds=5, replace=True).id == "new"
    assert jobs.get_schedule("ten") == changed
