"""Whichever call of the database fails or goes unanswered, nothing is lost and nothing done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest
from flask import Flask

from app.jobs import DatabaseUnavailable, Simmer, Snooze, current_job
from app.jobs.store.job_filters import JobFilters

from .consistency import check_consistency
from .database_faults import failing_statement, unanswered_commit
from .manual_worker import ManualWorker, make_manual_app

MakeApp = Callable[..., Flask]
MOST_TURNS = 40


@pytest.mark.parametrize("fault", [failing_statement, unanswered_commit])
def test_every_fault_point_is_survived(make_app: MakeApp, fault: Callable[..., Any]) -> None:
    """For n = 1, 2, 3 … until the scenario is untouched: all jobs end, each attempt ran once (T2, T4)."""
    jobs, ran = Simmer(), Counter[tuple[str, int]]()
    _add_tasks(jobs, ran)
    with make_manual_app(make_app, jobs).app_context():
        worker = ManualWorker(jobs)
        for number in count(1):
            with fault(worker.database, number) as happened:
                _scenario(worker)
            if not happened():
                break
        assert number > 8
        check_consistency(worker.database)
        assert set(ran.values()) == {1}
        assert jobs.runtime.jobs.count(JobFilters(states=("succeeded",)))[0] >= 2 * number
        print(f"{number - 1} fault points of {fault.__name__}, {sum(ran.values())} attempts")


def _add_tasks(jobs: Simmer, ran: Counter[tuple[str, int]]) -> None:
    def note(run: int = 0) -> None:
        ran[current_job.id, 10 * current_job.attempt + run] += 1

    @jobs.task(max_attempts=2, backoff=0.1)
    def flaky() -> str:
        note()
        if current_job.attempt == 1:
            raise OSError("try again")
        return "done"

    @jobs.task
    def nap() -> Any:
        note(1 if (current_job.id, 10) in ran else 0)
        return Snooze(0.1) if (current_job.id, 11) not in ran else None

    jobs.task("plain")(note)


def _scenario(worker: ManualWorker) -> None:
    """Submit, claim, run, fail, retry, snooze, cancel and settle, by one who asks again when refused."""
    for task in ("flaky", "nap"):
        _insist(partial(worker.jobs.submit, task))
    later = _insist(lambda: worker.jobs.submit("plain", delay=3_600))
    _insist(lambda: worker.jobs.cancel(later.id))
    for _ in range(MOST_TURNS):
        worker.work(0.2)
        worker.rescue(1.0)
        if not _insist(lambda: _open_jobs(worker)):
            return
    raise AssertionError(f"after {MOST_TURNS} turns there is still {_open_jobs(worker)}")


def _open_jobs(worker: ManualWorker) -> list[str]:
    found = worker.jobs.list(state=["queued", "running", "retrying", "scheduled"])
    # A submission whose commit was not answered exists twice: its first job waits for its hour.
    return [f"{job.id} {job.state}" for job in found if job.task != "plain"]


def _insist(call: Callable[[], Any]) -> Any:
    for _ in range(3):
        try:
            return call()
        except DatabaseUnavailable:
            continue
    raise AssertionError("a single fault was met three times")


def test_a_claim_whose_commit_was_not_answered_is_put_back(make_app: MakeApp) -> None:
    """Also where the job was in worker already: it had been put back and claimed again in that commit."""
    jobs, ran = Simmer(), Counter[str]()
    jobs.task("add")(lambda: ran.update(["add"]))
    with make_manual_app(make_app, jobs).app_context():
        worker = ManualWorker(jobs, threads=1, queues=("default",))
        job = jobs.submit("add")
        worker.turn()
        # The pool's thread is stuck: what was claimed is put back, and claimed again at once.
        with unanswered_commit(worker.database, 1):
            worker.turn(1.0)
        assert worker.outcomes(job) == ["released", None]
        worker.turn()
        assert worker.outcomes(job)[:2] == ["released", "released"]
        worker.work()
        assert (worker.states([job]), ran["add"]) == (["succeeded"], 1)
        check_consistency(worker.database)


def test_a_registration_whose_commit_was_not_answered_counts(make_app: MakeApp) -> None:
    """The worker finds its own row there and goes on."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    with make_manual_app(make_app, jobs).app_context():
        worker, job = ManualWorker(jobs), jobs.submit("add")
        with unanswered_commit(worker.database, 1):
            worker.turn()
        worker.work()
        assert worker.states([job]) == ["succeeded"]
        assert [each.id for each in jobs.runtime.status.workers()] == [worker.dispatcher.id]


def test_leaving_puts_back_what_nobody_knows_of(make_app: MakeApp) -> None:
    """A worker that stops right after an unanswered commit leaves no running row behind."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    with make_manual_app(make_app, jobs).app_context():
        worker = ManualWorker(jobs)
        worker.turn()
        job = jobs.submit("add")
        with unanswered_commit(worker.database, 1):
            worker.turn()
        assert worker.states([job]) == ["running"]
        assert worker.dispatcher.stop()
        assert worker.states([job]) == ["queued"]
        check_consistency(worker.database)
