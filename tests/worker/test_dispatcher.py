"""The dispatcher's rules, turn by turn: claiming ahead, running alone, outages, and the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import update

from app.jobs import Simmer, current_job
from app.jobs.database.tables import JOBS
from app.jobs.job import Job
from app.jobs.worker.prefetch import AHEAD

from ..reliability.checker import check
from ..reliability.faults import outage
from ..reliability.manual_worker import Hand, an_app

MakeApp = Callable[..., Flask]


@pytest.fixture
def jobs(make_app: MakeApp) -> Iterator[Simmer]:
    """A Simmer with one task, in the context of its app."""
    made = Simmer()
    made.task("add", max_attempts=3)(lambda: 1)
    with an_app(make_app, made).app_context():
        yield made


def submit(jobs: Simmer, count: int, crashes: int = 0) -> list[Job]:
    """So many jobs, which took so many processes down before."""
    made = [jobs.submit("add") for _ in range(count)]
    with jobs.runtime.database.write() as conn:
        mine = JOBS.c.id.in_([job.id for job in made])
        conn.execute(update(JOBS).where(mine).values(crashes=crashes))
    return made


@contextmanager
def busy_threads(hand: Hand, count: int) -> Iterator[None]:
    """So many jobs of the pool are in a task that does not end while the block runs."""
    begun, go_on = threading.Barrier(count + 1, timeout=10), threading.Event()
    definition = hand.jobs.registry.get("add")

    def stay() -> None:
        begun.wait()
        go_on.wait(10)

    object.__setattr__(definition, "function", stay)
    threads = [threading.Thread(target=hand.pool.run, args=(1,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    begun.wait()
    object.__setattr__(definition, "function", lambda: 1)
    try:
        yield
    finally:
        go_on.set()
        for thread in threads:
            thread.join()


def test_jobs_of_an_unknown_task_are_not_claimed_ahead(jobs: Simmer) -> None:
    """As many as there are threads; a task must be known to be short before more are taken."""
    hand, made = Hand(jobs, threads=2), submit(jobs, 2 * (1 + AHEAD) + 4)
    hand.turn()
    assert hand.states(made).count("running") == 2
    hand.pool.run()
    hand.turn()
    assert hand.states(made).count("running") == 2 * (1 + AHEAD)


def test_what_sits_behind_a_long_job_is_put_back(jobs: Simmer) -> None:
    """A short task turns slow: what was claimed ahead runs elsewhere, with nothing spent, nothing twice."""
    here, there = Hand(jobs, threads=2), Hand(jobs, threads=2)
    submit(jobs, 2)
    here.work()
    made = submit(jobs, 12)
    here.turn()
    assert hand_states(here, made) == {"running": 12}
    with busy_threads(here, 2):
        here.turn(0.3)
        assert hand_states(here, made) == {"running": 2, "queued": 10}
        for _ in range(8):
            there.work()
        assert hand_states(here, made) == {"running": 2, "succeeded": 10}
    here.pool.run()
    here.turn()
    assert hand_states(here, made) == {"succeeded": 12}
    assert [jobs.get(job.id).attempt for job in made] == [1] * 12
    check(here.database)


def hand_states(hand: Hand, made: list[Job]) -> dict[str, int]:
    """How many of the jobs are in which state."""
    states = hand.states(made)
    return {state: states.count(state) for state in states}


def test_a_suspect_runs_alone(jobs: Simmer) -> None:
    """After two crashes a job is claimed by an idle worker only, which takes nothing beside it."""
    hand, suspects, others = Hand(jobs), submit(jobs, 2, crashes=2), submit(jobs, 2)
    for expected in (["running", "queued"], ["succeeded", "running"]):
        hand.turn()
        assert (hand.states(suspects), hand.states(others)) == (expected, ["queued", "queued"])
        hand.turn(0.05)
        assert hand.states(others) == ["queued", "queued"]
        hand.pool.run()
    hand.turn()
    assert (hand.states(suspects), hand.states(others)) == (["succeeded"] * 2, ["running"] * 2)


def test_a_busy_worker_passes_a_suspect_by_and_makes_room_at_last(jobs: Simmer) -> None:
    """Not for ever: after RESCUE_AFTER it claims nothing more until it is idle."""
    hand = Hand(jobs, threads=2, rescue_after=30.0)
    submit(jobs, 1)
    hand.turn()
    with busy_threads(hand, 1):
        (suspect,), others = submit(jobs, 1, crashes=2), submit(jobs, 2)
        hand.turn(1)
        assert (hand.states([suspect]), hand.states(others)) == (["queued"], ["running", "queued"])
        hand.pool.run()
        hand.turn(31)
        assert (hand.states([suspect]), hand.states(others)) == (["queued"], ["succeeded", "queued"])
    hand.turn()
    assert (hand.states([suspect]), hand.states(others)) == (["running"], ["succeeded", "queued"])


def test_outcomes_are_kept_while_the_database_is_away(jobs: Simmer, caplog: pytest.LogCaptureFixture) -> None:
    """They are written when it returns; one line says that it went, one that it came back (T25)."""
    hand, made = Hand(jobs, threads=4), submit(jobs, 4)
    hand.turn()
    with caplog.at_level(logging.WARNING, "app.jobs"), outage(hand.database):
        hand.pool.run()
        for _ in range(5):
            hand.turn(1)
            hand.look()
    hand.turn()
    hand.look()
    assert hand.states(made) == ["succeeded"] * 4
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR", "WARNING", "WARNING"]
    assert [hand.outcomes(job) for job in made] == [["succeeded"]] * 4
    check(hand.database)


def test_work_that_was_seen_before_an_outage_is_done_after_it(jobs: Simmer) -> None:
    """Nobody needs to submit anything for the dispatcher to look again."""
    hand = Hand(jobs)
    hand.turn()
    made = submit(jobs, 1)
    with outage(hand.database):
        hand.turn()
    hand._turn.call()
    assert hand.states(made) == ["running"]


def test_a_worker_that_lost_its_row_goes_on_under_a_new_id(jobs: Simmer) -> None:
    """Its runs are fenced off and asked to stop; the same job may come back to it meanwhile (T6)."""
    hand, other = Hand(jobs, threads=2), Hand(jobs, threads=2)
    other.turn()
    (job,) = submit(jobs, 1)
    hand.turn()
    old_id = hand.worker.id
    with busy_threads(hand, 1):
        (slot,) = hand.worker._slots.of(job.id)
        with hand.database.write() as conn:
            conn.exec_driver_sql("DELETE FROM simmer_workers WHERE id = ?", (old_id,))
        other.look()
        assert hand.states([job]) == ["queued"]
        submit(jobs, 1)
        hand.turn()  # its claim finds the row gone
        assert slot.run.is_cancelled
        assert hand.worker.id != old_id
        hand.turn()  # registers, and claims the same job again beside its old run
        assert len(hand.worker._slots.of(job.id)) == 2
        assert hand.outcomes(job) == ["lost", None]
    hand.turn()
    hand.pool.run()
    hand.turn()
    assert (hand.states([job]), hand.outcomes(job)) == (["succeeded"], ["lost", "succeeded"])
    assert len(hand.worker._slots) == 0
    check(hand.database)


def test_what_had_not_begun_does_not_begin_after_the_stop(jobs: Simmer) -> None:
    """The pool goes on with its queue, but the jobs belong to others by then."""
    ran: list[str] = []
    jobs.task("note")(lambda: ran.append(current_job.id))
    hand = Hand(jobs, threads=2)
    made = [jobs.submit("note") for _ in range(2)]
    hand.turn()
    assert hand.worker.stop() is True
    assert hand.states(made) == ["queued"] * 2
    hand.pool.run()
    assert ran == []
    assert [hand.outcomes(job) for job in made] == [["released"]] * 2
    assert jobs.runtime.status.workers() == []
    check(hand.database)


def test_a_stop_during_an_outage_leaves_the_jobs_to_be_rescued(
    jobs: Simmer, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, and does not hang."""
    hand, made = Hand(jobs), submit(jobs, 1)
    hand.turn()
    with outage(hand.database):
        hand.worker.stop()
    assert "left to be rescued" in caplog.text
    with hand.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM simmer_workers")
    other = Hand(jobs)
    other.turn()
    other.look()
    other.work()
    assert other.states(made) == ["succeeded"]
