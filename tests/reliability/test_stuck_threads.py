"""Tasks that notice neither their deadline nor a request to cancel them: the worker goes on without them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Job, Simmer, current_job
from app.jobs.store import stuck_runs
from app.jobs.ticker.stuck_runs import CHECK_EVERY

from ..support import eventually, job_is

THREADS, STUCK_AFTER = 2, 0.3
MakeApp = Callable[..., Flask]


@dataclass
class Deaf:
    """Tasks that end when they are told to, and where they are."""

    jobs: Simmer
    go_on: dict[str, threading.Event] = field(default_factory=dict)
    threads: dict[str, threading.Thread] = field(default_factory=dict)

    def work(self) -> str:
        """The task: it looks at nothing."""
        mine = self.go_on.setdefault(current_job.id, threading.Event())
        self.threads[current_job.id] = threading.current_thread()
        mine.wait(20)
        return "too late"

    def submit(self, **options: Any) -> Job:
        """A job that has begun."""
        job = self.jobs.submit("deaf", **options)
        eventually(lambda: job.id in self.threads)
        return job

    def end(self, job: Job) -> None:
        """Let it return, and wait until its thread is in no task any more."""
        before = self.stuck
        self.go_on[job.id].set()
        eventually(lambda: self.stuck < before)

    @property
    def stuck(self) -> int:
        """How many threads are stuck, as any process sees it."""
        with self.jobs.runtime.database.read() as conn:
            return stuck_runs.count_by_worker(conn).total()


@contextmanager
def started(make_app: MakeApp, url: URL) -> Iterator[Deaf]:
    """A worker with two threads that takes a task for stuck soon."""
    jobs = Simmer()
    app = make_app(jobs, url, JOBS_THREADS=THREADS, JOBS_STUCK_AFTER=STUCK_AFTER, JOBS_HEARTBEAT_SECONDS=0.1)
    deaf = Deaf(jobs)

    @jobs.task("deaf", max_attempts=3, backoff=0)
    def work() -> str:
        return deaf.work()

    jobs.task("meet")(_meet)
    with app.app_context():
        jobs.start()
        try:
            yield deaf
        finally:
            for each in deaf.go_on.values():
                each.set()


_both = threading.Barrier(THREADS)


def _meet() -> int | None:
    """Return when another job is here too, and how many at most were."""
    _both.wait(5)
    return threading.current_thread().ident


def assert_all_threads_work(jobs: Simmer) -> None:
    """As many jobs run at a time as the worker has threads."""
    _both.reset()
    met = [jobs.submit("meet") for _ in range(THREADS)]
    assert [jobs.wait(job.id, 5).state for job in met] == ["succeeded"] * THREADS


def test_stuck_threads_are_replaced_and_their_late_results_refused(
    make_app: MakeApp, url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    """Both jobs fail with JobTimeout, two others run at once, and nothing comes of the late returns."""
    with started(make_app, url) as deaf:
        begun = time.monotonic()
        stuck = [deaf.submit(timeout=0.1) for _ in range(THREADS)]
        failed = [eventually(job_is(deaf.jobs, job.id, "failed")) for job in stuck]
        assert_all_threads_work(deaf.jobs)
        took = time.monotonic() - begun - 0.1 - STUCK_AFTER
        print(f"both threads replaced and at work {took:.2f} s after they were stuck")
        assert took < CHECK_EVERY + 4  # on a machine that is busy with other things too
        assert deaf.stuck == THREADS
        for job in failed:
            assert (job.attempt, job.error and job.error["type"]) == (1, "JobTimeout")
            types = [event["type"] for event in deaf.jobs.runtime.jobs.events(job.id)]
            assert types == ["submitted", "claimed", "overran", "failed"]
            (attempt,) = deaf.jobs.runtime.jobs.attempts(job.id)
            assert "in work\n    mine.wait(20)\n" in attempt["error"]["traceback"]
        for job in failed:
            deaf.end(job)
        assert [deaf.jobs.get(job.id).version for job in stuck] == [job.version for job in failed]
        assert_all_threads_work(deaf.jobs)
        refused = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
        assert len(refused) == THREADS
        assert all("has ended at last, its outcome (succeeded) was refused" in each for each in refused)


def test_a_stuck_job_that_is_to_be_cancelled_is(make_app: MakeApp, url: URL) -> None:
    """Without a timeout: after JOBS_STUCK_AFTER the job is cancelled, and its thread replaced."""
    with started(make_app, url) as deaf:
        job = deaf.submit()
        deaf.jobs.cancel(job.id)
        cancelled = eventually(job_is(deaf.jobs, job.id, "cancelled"))
        overran, ended = deaf.jobs.runtime.jobs.events(job.id)[-2:]
        assert (overran["type"], ended["type"]) == ("overran", "cancelled")
        assert "beyond the request to cancel it" in overran["reason"]
        assert ended["reason"] == f"cancelled on request; its thread is stuck, {overran['reason']}"
        assert_all_threads_work(deaf.jobs)
        deaf.end(job)
        assert deaf.jobs.get(job.id).version == cancelled.version


def test_an_operator_may_run_it_again_beside_its_stuck_thread(make_app: MakeApp, url: URL) -> None:
    """The attempts that were left are not used by themselves; the late return does not end the new run."""
    with started(make_app, url) as deaf:
        job = deaf.submit(timeout=0.1)
        assert eventually(job_is(deaf.jobs, job.id, "failed")).max_attempts == 3
        first = deaf.go_on.pop(job.id), deaf.threads.pop(job.id)
        deaf.jobs.retry(job.id)
        eventually(lambda: job.id in deaf.threads)
        first[0].set()
        eventually(lambda: deaf.stuck == 0)
        assert deaf.jobs.get(job.id).state == "running"
        deaf.go_on[job.id].set()
        again = deaf.jobs.wait(job.id, 5)
        assert (again.attempt, deaf.threads[job.id] is first[1]) == (2, False)


def test_there_are_at_most_as_many_replacements_as_threads(make_app: MakeApp, url: URL) -> None:
    """Then `ready` warns and a job says why it waits, until a thread ends."""
    with started(make_app, url) as deaf:
        stuck = [deaf.submit(timeout=0.1)]
        before = threading.active_count() - 1
        for _ in range(2 * THREADS - 1):
            eventually(job_is(deaf.jobs, stuck[-1].id, "failed"))
            stuck.append(deaf.submit(timeout=0.1))
        eventually(job_is(deaf.jobs, stuck[-1].id, "failed"))
        assert len(set(deaf.threads.values())) == 2 * THREADS
        assert threading.active_count() <= before + 2 * THREADS
        waiting = deaf.jobs.submit("meet")
        words = "all 2 threads are in jobs that exceeded their timeout"
        eventually(lambda: deaf.jobs.runtime.status.warnings(True).get("threads") == words)
        (worker,) = deaf.jobs.runtime.status.workers()
        assert (worker.stuck, worker.busy, worker.running) == (2 * THREADS, 0, ())
        assert deaf.jobs.runtime.status.stats()["stuck_threads"] == 2 * THREADS
        shown = deaf.jobs.runtime.status.threads(worker.id)["items"]
        assert [each["job_id"] for each in shown if each["stuck"]] == [job.id for job in stuck]
        assert all("in work" in "".join(each["stack"]) for each in shown if each["stuck"])
        reason = eventually(lambda: deaf.jobs.get(waiting.id).waiting_reason)
        assert reason == f"{words}, 0 jobs ahead in its queue"
        for job in stuck:
            deaf.end(job)
        met = [waiting, deaf.jobs.submit("meet")]
        assert [deaf.jobs.wait(job.id, 5).state for job in met] == ["succeeded"] * 2
        eventually(lambda: not any("spare" in each.name for each in threading.enumerate()))


def test_a_stop_does_not_wait_for_stuck_threads(make_app: MakeApp, url: URL) -> None:
    """Their jobs have ended; nothing of the worker is left in the database."""
    with started(make_app, url) as deaf:
        job = deaf.submit(timeout=0.1)
        eventually(job_is(deaf.jobs, job.id, "failed"))
        moment = time.monotonic()
        deaf.jobs.stop(timeout=10)
        assert time.monotonic() - moment < 2
        assert (deaf.stuck, deaf.jobs.runtime.status.workers()) == (0, [])
        deaf.go_on[job.id].set()
