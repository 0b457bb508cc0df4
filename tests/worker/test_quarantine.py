"""Suspects, whose process died with them twice, run alone, and starve nobody (promise 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, delete, update

from app.jobs import Simmer
from app.jobs.clock import ManualClock
from app.jobs.database.tables import JOBS, WORKERS
from app.jobs.job import Job
from app.jobs.worker.quarantine import FIRST_WAIT, LONGEST_WAIT, LOOK_EVERY

from ..reliability.consistency import check_consistency
from ..reliability.manual_worker import ManualWorker, make_manual_app
from .blocking import busy_threads

MakeApp = Callable[..., Flask]
SECONDS = 0.05
"""How long a job takes by the tests' clock."""


@pytest.fixture
def make_jobs(make_app: MakeApp) -> Iterator[Callable[..., Simmer]]:
    """Makes a Simmer with one task, in the context of its app."""
    with ExitStack() as stack:

        def make(**config: Any) -> Simmer:
            made = Simmer()

            @made.task("add")
            def add() -> None:
                """Take too long to be prefetched."""
                assert isinstance(made.runtime.clock, ManualClock)
                made.runtime.clock.advance(SECONDS)

            stack.enter_context(make_manual_app(make_app, made, **config).app_context())
            return made

        yield make


@pytest.fixture
def jobs(make_jobs: Callable[..., Simmer]) -> Simmer:
    """The same on SQLite."""
    return make_jobs()


def submit(jobs: Simmer, count: int) -> list[Job]:
    """So many jobs."""
    return [jobs.submit("add") for _ in range(count)]


def submit_suspects(jobs: Simmer, count: int) -> list[Job]:
    """So many jobs that took two processes down before."""
    made = submit(jobs, count)
    with jobs.runtime.database.write() as conn:
        conn.execute(update(JOBS).where(JOBS.c.id.in_([job.id for job in made])).values(crashes=2))
    return made


def running(worker: ManualWorker, jobs: list[Job]) -> int:
    """How many of the jobs run."""
    return worker.states(jobs).count("running")


def end(worker: ManualWorker) -> None:
    """What the worker runs ends, and it claims again."""
    worker.pool.run()
    worker.turn()


def test_the_only_worker_alternates(jobs: Simmer) -> None:
    """A suspect alone, then other work for as long as that took, then the next suspect."""
    worker, suspects, others = ManualWorker(jobs), submit_suspects(jobs, 2), submit(jobs, 2)
    worker.turn()
    with busy_threads(worker, 1):
        worker.turn(4)
        assert (worker.states(suspects), running(worker, others)) == (["running", "queued"], 0)
    worker.turn()
    assert (worker.states(suspects), running(worker, others)) == (["succeeded", "queued"], 2)
    for _ in range(4):
        end(worker)
        others = submit(jobs, 2)
        worker.turn(0.85)
        assert (running(worker, suspects), running(worker, others)) == (0, 2)
    others += submit(jobs, 2)
    worker.clock.advance(0.15)
    end(worker)
    assert (worker.states(suspects), running(worker, others)) == (["succeeded", "running"], 0)
    end(worker)
    assert (worker.states(suspects), running(worker, others)) == (["succeeded"] * 2, 2)
    check_consistency(worker.database)


def test_one_worker_is_the_quarantine_and_the_others_go_on(
    make_jobs: Callable[..., Simmer], url: URL
) -> None:
    """However many suspects there are, one runs at a time; the next one runs where there is time for it."""
    jobs = make_jobs(url=url)
    one, two, suspects = ManualWorker(jobs), ManualWorker(jobs), submit_suspects(jobs, 3)
    one.turn()
    others = submit(jobs, 8)
    with busy_threads(one, 1):
        for _ in range(3):
            two.turn(LOOK_EVERY)
            assert (running(one, suspects), running(two, others)) == (1, 2)
            end(two)
    one.turn()
    assert (one.states(suspects), running(one, others)) == (["succeeded", "queued", "queued"], 2)
    end(two)
    two.turn(LOOK_EVERY)
    assert one.states(suspects) == ["succeeded", "running", "queued"]
    check_consistency(one.database)


def test_a_quarantine_that_dies_is_followed_by_another(jobs: Simmer) -> None:
    """The third crash fails the suspect; the next one runs elsewhere once the worker has no row."""
    one, two, suspects = ManualWorker(jobs), ManualWorker(jobs), submit_suspects(jobs, 2)
    two.turn()
    two.rescue()
    assert two.states(suspects) == ["running", "queued"]
    one.turn()
    with one.database.write() as conn:
        conn.execute(delete(WORKERS).where(WORKERS.c.id == two.dispatcher.id))
    one.rescue()
    one.turn(LOOK_EVERY)
    assert one.states(suspects) == ["failed", "running"]
    assert jobs.get(suspects[0].id).error == {
        "type": "WorkerLost",
        "message": f"worker {two.dispatcher.id} died while it had claimed the job (crash 3)",
    }


def test_a_worker_without_other_work_needs_no_more_than_a_second(jobs: Simmer) -> None:
    """After a suspect of an hour the next one does not wait for an hour beside idle threads."""
    worker, suspects = ManualWorker(jobs), submit_suspects(jobs, 2)
    worker.turn()
    with busy_threads(worker, 1):
        worker.turn(3_600)
    worker.turn()
    assert worker.states(suspects) == ["succeeded", "queued"]
    worker.turn(LOOK_EVERY - 0.01)
    assert worker.states(suspects) == ["succeeded", "queued"]
    worker.turn(0.01)
    assert worker.states(suspects) == ["succeeded", "running"]


def test_a_busy_worker_makes_room_for_a_while_and_gives_way_for_as_long(jobs: Simmer) -> None:
    """It claims nothing for a second, then others again; the wait doubles until the long job has ended."""
    worker = ManualWorker(jobs)
    submit(jobs, 1)
    worker.turn()
    with busy_threads(worker, 1):
        suspects = submit_suspects(jobs, 1)
        assert claims_others(worker, suspects)
        worker.turn(LOOK_EVERY)
        for wait in (FIRST_WAIT, 2 * FIRST_WAIT):
            assert not claims_others(worker, suspects, wait - 0.01)
            assert claims_others(worker, suspects, 0.01)
            assert claims_others(worker, suspects, wait - SECONDS - 0.01)
            worker.turn(0.01)
    worker.turn()
    assert worker.states(suspects) == ["running"]


def claims_others(worker: ManualWorker, suspects: list[Job], seconds: float = 0.0) -> bool:
    """Whether the worker runs a job that is submitted after so many seconds; if so, to its end."""
    worker.clock.advance(seconds)
    others = submit(worker.jobs, 1)
    worker.turn()
    assert running(worker, suspects) == 0
    if not running(worker, others):
        worker.jobs.cancel(others[0].id)
        return False
    end(worker)
    return True


def test_what_does_not_end_is_not_waited_for_in_vain(jobs: Simmer) -> None:
    """Beside a task that goes on for ever a suspect has its turn too, at last."""
    worker = ManualWorker(jobs)
    submit(jobs, 1)
    worker.turn()
    with busy_threads(worker, 1):
        (suspect,), waited = submit_suspects(jobs, 1), 0
        while worker.states([suspect]) == ["queued"]:
            worker.turn(10 * LOOK_EVERY)
            waited += 10
    assert LONGEST_WAIT < waited < 5 * LONGEST_WAIT


@pytest.mark.parametrize(("name", "rerun", "expected"), [
    ("short", False, 8), ("short", True, 2), ("once", False, 2),
])  # fmt: skip
def test_what_may_end_its_process_unseen_is_not_claimed_ahead(
    jobs: Simmer, name: str, rerun: bool, expected: int
) -> None:
    """A rerun may have done so already, and what is at most once would run twice."""
    jobs.task("short")(lambda: 1)
    jobs.task("once", on_interrupt="fail")(lambda: 1)
    worker = ManualWorker(jobs)
    jobs.submit(name)
    worker.work()
    made = [jobs.submit(name) for _ in range(8)]
    with jobs.runtime.database.write() as conn:
        conn.execute(update(JOBS).where(JOBS.c.id.in_([job.id for job in made])).values(rerun=rerun))
    worker.turn()
    assert running(worker, made) == expected
