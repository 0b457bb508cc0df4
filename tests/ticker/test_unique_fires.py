"""Fire times of a task whose jobs are unique."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Simmer

OnConflict = Literal["return", "reject", "replace"]


def fire(make_app: Callable[..., Flask], url: URL, on_conflict: OnConflict) -> list[tuple[Any, ...]]:
    """(decision, job, reason) of three fire times whose jobs nobody runs, and of a fourth after they ran."""
    jobs = Simmer()
    task = jobs.task("refresh", unique=True, on_conflict=on_conflict)(lambda: 7)
    jobs.schedule("interval", seconds=10, id="often", max_running=None)(task)
    with make_app(jobs, url, JOBS_ENGINE="manual").app_context():
        jobs.testing.advance(30)
        jobs.testing.drain()
        jobs.testing.advance(10)
        history = jobs.runtime.schedules.history("often")
        return [(each["decision"], each["job_id"], each["reason"]) for each in reversed(history)]


@pytest.mark.parametrize("on_conflict", ["return", "reject"])
def test_a_fire_time_whose_key_is_taken_is_skipped(
    make_app: Callable[..., Flask], url: URL, on_conflict: OnConflict
) -> None:
    """Naming the job that has it; once that is over the next one fires."""
    first, *skipped, last = fire(make_app, url, on_conflict)
    assert (first[0], last[0]) == ("fired", "fired")
    assert first[1] != last[1]
    assert len(skipped) == 2
    assert {each[:2] for each in skipped} == {("skipped", None)}
    assert all(first[1] in reason for _, _, reason in skipped)


def test_a_fire_time_that_replaces_a_job_has_that_one(make_app: Callable[..., Flask], url: URL) -> None:
    """All have fired; three by one job."""
    *three, last = fire(make_app, url, "replace")
    assert [decision for decision, _, _ in (*three, last)] == ["fired"] * 4
    assert len({job_id for _, job_id, _ in three}) == 1
    assert last[1] != three[0][1]
