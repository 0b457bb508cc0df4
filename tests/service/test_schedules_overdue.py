"""A schedule whose job should have succeeded by now and has not says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.jobs import Simmer

EVERY_TEN = {"type": "interval", "seconds": 10}


class Works:
    """A task that fails as long as it is told to."""

    def __init__(self) -> None:
        self.well = True

    def __call__(self) -> None:
        if not self.well:
            raise RuntimeError("told to fail")


@pytest.fixture
def works() -> Works:
    """What the task does."""
    return Works()


@pytest.fixture
def jobs(make_app: Callable[..., Flask], works: Works) -> Iterator[Simmer]:
    """A Simmer with a schedule of ten seconds, in the context of its app."""
    made = Simmer()

    @made.task
    def refresh() -> None:
        works()

    with make_app(made, JOBS_ENGINE="manual").app_context():
        made.add_schedule(id="s", task="refresh", trigger=EVERY_TEN)
        yield made


def is_overdue(jobs: Simmer) -> Any:
    """What the schedule says of itself, and the list, the numbers and readiness with it."""
    said = jobs.get_schedule("s").overdue
    assert [each.overdue for each in jobs.runtime.schedules.all()] == [said]
    assert jobs.runtime.status.stats()["overdue_schedules"] == said
    assert jobs.runtime.status.ready()[1]["schedules"] == {"ok": True, **({"overdue": ["s"]} if said else {})}
    return said


def fire(jobs: Simmer) -> None:
    """The next fire time comes, and its job runs."""
    jobs.testing.advance(10)
    jobs.testing.drain()


def test_it_is_not_while_all_is_well(jobs: Simmer) -> None:
    """Before the first fire time, while the job waits or runs, and after it has succeeded."""
    assert not is_overdue(jobs)
    jobs.testing.advance(15)
    assert not is_overdue(jobs)
    jobs.testing.drain()
    assert not is_overdue(jobs)


def test_a_failure_makes_it_so_until_the_next_success(jobs: Simmer, works: Works) -> None:
    """Also where the failed job itself is retried."""
    works.well = False
    fire(jobs)
    assert is_overdue(jobs)
    works.well = True
    fire(jobs)
    assert not is_overdue(jobs)
    works.well = False
    fire(jobs)
    works.well = True
    jobs.retry(jobs.list(state="failed")[0].id)
    jobs.testing.drain()
    assert not is_overdue(jobs)


def test_a_job_that_outlasts_the_next_fire_time_makes_it_so(jobs: Simmer) -> None:
    """Its fire time was skipped; once the job has succeeded that is made up for."""
    jobs.testing.advance(20)
    assert is_overdue(jobs)
    jobs.testing.drain()
    assert not is_overdue(jobs)


def test_a_fire_time_that_nobody_sees_makes_it_so(jobs: Simmer) -> None:
    """No ticker runs: after ten seconds of grace it shows."""
    clock: Any = jobs.runtime.clock
    clock.advance(19)
    assert not is_overdue(jobs)
    clock.advance(2)
    assert is_overdue(jobs)
    jobs.pause_schedule("s")
    assert not is_overdue(jobs)


def test_what_was_skipped_on_request_does_not(jobs: Simmer) -> None:
    """Somebody chose to leave it out."""
    jobs.runtime.schedules.skip("s")
    jobs.testing.advance(12)
    assert not is_overdue(jobs)
