"""The dispatcher's rules, turn by turn: claiming ahead, outages, and the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.jobs import Simmer, current_job
from app.jobs.job import Job
from app.jobs.worker.prefetch import MAX_PREFETCH

from ..reliability.consistency import check_consistency
from ..reliability.database_faults import outage
from ..reliability.manual_worker import ManualWorker, make_manual_app
from .blocking import busy_threads

MakeApp = Callable[..., Flask]


@pytest.fixture
def jobs(make_app: MakeApp) -> Iterator[Simmer]:
    """A Simmer with one task, in the context of its app."""
    made = Simmer()
    made.task("add", max_attempts=3)(lambda: 1)
    with make_manual_app(make_app, made).app_context():
        yield made


def submit(jobs: Simmer, count: int) -> list[Job]:
    """So many jobs."""
    return [jobs.submit("add") for _ in range(count)]


def test_jobs_of_an_unknown_task_are_not_claimed_ahead(jobs: Simmer) -> None:
    """As many as there are threads; a task must be known to be short before more are taken."""
    worker, made = ManualWorker(jobs, threads=2), submit(jobs, 2 * (1 + MAX_PREFETCH) + 4)
    worker.turn()
    assert worker.states(made).count("running") == 2
    worker.pool.run()
    worker.turn()
    assert worker.states(made).count("running") == 2 * (1 + MAX_PREFETCH)


def test_what_sits_behind_a_long_job_is_put_back(jobs: Simmer) -> None:
    """A short task turns slow: what was claimed ahead runs elsewhere, with nothing spent, nothing twice."""
    here, there = ManualWorker(jobs, threads=2), ManualWorker(jobs, threads=2)
    submit(jobs, 2)
    here.work()
    made = submit(jobs, 12)
    here.turn()
    assert counts(here, made) == {"running": 12}
    with busy_threads(here, 2):
        here.turn(0.3)
        assert counts(here, made) == {"running": 2, "queued": 10}
        for _ in range(8):
            there.work()
        assert counts(here, made) == {"running": 2, "succeeded": 10}
    here.pool.run()
    here.turn()
    assert counts(here, made) == {"succeeded": 12}
    assert [jobs.get(job.id).attempt for job in made] == [1] * 12
    check_consistency(here.database)


def counts(worker: ManualWorker, made: list[Job]) -> dict[str, int]:
    """How many of the jobs are in which state."""
    states = worker.states(made)
    return {state: states.count(state) for state in states}


def test_outcomes_are_kept_while_the_database_is_away(jobs: Simmer, caplog: pytest.LogCaptureFixture) -> None:
    """They are written when it returns; one line says that it went, one that it came back (T25)."""
    worker, made = ManualWorker(jobs, threads=4), submit(jobs, 4)
    worker.turn()
    with caplog.at_level(logging.WARNING, "app.jobs"), outage(worker.database):
        worker.pool.run()
        for _ in range(5):
            worker.turn(1)
            worker.rescue()
    worker.turn()
    worker.rescue()
    assert worker.states(made) == ["succeeded"] * 4
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR", "WARNING", "WARNING"]
    assert [worker.outcomes(job) for job in made] == [["succeeded"]] * 4
    check_consistency(worker.database)


def test_work_that_was_seen_before_an_outage_is_done_after_it(jobs: Simmer) -> None:
    """Nobody needs to submit anything for the dispatcher to look again."""
    worker = ManualWorker(jobs)
    worker.turn()
    made = submit(jobs, 1)
    with outage(worker.database):
        worker.turn()
    worker.dispatch()
    assert worker.states(made) == ["running"]


def test_a_worker_that_lost_its_row_goes_on_under_a_new_id(jobs: Simmer) -> None:
    """Its runs are fenced off and asked to stop; the same job may come back to it meanwhile (T6)."""
    worker, other = ManualWorker(jobs, threads=2), ManualWorker(jobs, threads=2)
    other.turn()
    (job,) = submit(jobs, 1)
    worker.turn()
    old_id = worker.dispatcher.id
    with busy_threads(worker, 1):
        (run,) = worker.dispatcher.unended()
        with worker.database.write() as conn:
            conn.exec_driver_sql("DELETE FROM simmer_workers WHERE id = ?", (old_id,))
        other.rescue()
        assert worker.states([job]) == ["queued"]
        submit(jobs, 1)
        worker.turn()  # its claim finds the row gone
        assert run.cancel_requested
        assert worker.dispatcher.id != old_id
        worker.turn()  # registers, and claims the same job again beside its old run
        assert len(worker.dispatcher.unended()) == 2
        assert worker.outcomes(job) == ["lost", None]
    worker.turn()
    worker.pool.run()
    worker.turn()
    assert (worker.states([job]), worker.outcomes(job)) == (["succeeded"], ["lost", "succeeded"])
    assert worker.dispatcher.unended() == []
    check_consistency(worker.database)


def test_what_had_not_begun_does_not_begin_after_the_stop(jobs: Simmer) -> None:
    """The pool goes on with its queue, but the jobs belong to others by then."""
    ran: list[str] = []
    jobs.task("note")(lambda: ran.append(current_job.id))
    worker = ManualWorker(jobs, threads=2)
    made = [jobs.submit("note") for _ in range(2)]
    worker.turn()
    assert worker.dispatcher.stop() is True
    assert worker.states(made) == ["queued"] * 2
    worker.pool.run()
    assert ran == []
    assert [worker.outcomes(job) for job in made] == [["released"]] * 2
    assert jobs.runtime.status.workers() == []
    check_consistency(worker.database)


def test_nothing_is_claimed_for_an_engine_that_is_closed(
    jobs: Simmer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool of an interpreter that closes takes no more: what was claimed is put back, once."""
    worker, (job,) = ManualWorker(jobs), submit(jobs, 1)

    def refuse(_function: Callable[[], None]) -> None:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(worker.pool, "submit", refuse)
    for _ in range(5):
        worker.turn()
    assert worker.outcomes(job) == ["released"]
    assert worker.states([job]) == ["queued"]


def test_a_stop_during_an_outage_leaves_the_jobs_to_be_rescued(
    jobs: Simmer, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, and does not hang."""
    worker, made = ManualWorker(jobs), submit(jobs, 1)
    worker.turn()
    with outage(worker.database):
        worker.dispatcher.stop()
    assert "left to be rescued" in caplog.text
    with worker.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM simmer_workers")
    other = ManualWorker(jobs)
    other.turn()
    other.rescue()
    other.work()
    assert other.states(made) == ["succeeded"]
