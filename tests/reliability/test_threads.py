"""The thread engine as it is: stopping, cancelling from elsewhere, and staying flat."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Literal

import pytest
from flask import Flask

from app.jobs import Simmer, Snooze, current_job
from app.jobs.database.database import Database
from app.jobs.options import NO_OPTIONS
from app.jobs.store import jobs as verbs
from app.jobs.store import new_jobs
from tests.support import eventually, job_is

from .consistency import check_consistency

MOST_FILES = 20
"""Files of the connections that may be opened meanwhile: a file and its log for each."""


@pytest.fixture
def jobs(make_app: Callable[..., Flask]) -> Iterator[Simmer]:
    """A Simmer whose two threads run."""
    made = Simmer()
    app = make_app(made, JOBS_THREADS=2, JOBS_API_PREFIX=None)
    with app.app_context():
        made.start()
        yield made


def test_a_stop_lets_running_jobs_end(jobs: Simmer) -> None:
    """They are told of it and succeed; what is queued is not touched; a new start goes on."""
    begun = threading.Barrier(3, timeout=10)

    @jobs.task
    def work() -> str:
        begun.wait()
        while not current_job.stopping:
            threading.Event().wait(0.005)
        return "ended in order"

    jobs.task("add")(lambda: 1)
    running = [jobs.submit("work") for _ in range(2)]
    begun.wait()
    queued = [jobs.submit("add") for _ in range(5)]
    jobs.stop(timeout=10)
    assert [jobs.get(job.id).result for job in running] == ["ended in order"] * 2
    assert [(jobs.get(job.id).state, jobs.get(job.id).version) for job in queued] == [("queued", 1)] * 5
    assert jobs.runtime.status.workers() == []
    check_consistency(jobs.runtime.database)
    jobs.start()
    assert [jobs.wait(job.id, 10).attempt for job in queued] == [1] * 5


@pytest.mark.parametrize("on_interrupt", ["retry", "fail"])
def test_a_stuck_job_is_put_back_or_failed(jobs: Simmer, on_interrupt: Literal["retry", "fail"]) -> None:
    """It is run again unspent, or WorkerLost where it is at most once; its late end is refused."""
    begun, go_on = threading.Event(), threading.Event()

    @jobs.task(on_interrupt=on_interrupt)
    def stuck() -> int:
        begun.set()
        go_on.wait(10)
        return current_job.attempt

    job = jobs.submit("stuck")
    assert begun.wait(10)
    moment = time.monotonic()
    jobs.stop(timeout=0.1)
    print(f"stopped after {time.monotonic() - moment:.2f} s")
    stopped = jobs.get(job.id)
    check_consistency(jobs.runtime.database)
    go_on.set()
    jobs.start()
    if on_interrupt == "fail":
        assert (stopped.state, stopped.error and stopped.error["type"]) == ("failed", "WorkerLost")
        assert jobs.wait(job.id, 0.1).version == stopped.version
    else:
        assert (stopped.state, stopped.attempt) == ("queued", 1)
        assert jobs.wait(job.id, 10).result == 1
        assert [a["outcome"] for a in jobs.runtime.jobs.attempts(job.id)] == ["released", "succeeded"]


def test_a_task_may_go_on_elsewhere_when_its_worker_stops(jobs: Simmer) -> None:
    """`return Snooze(0)` when stopping: the next worker has it, under the same attempt."""
    begun, seen = threading.Event(), []

    @jobs.task
    def work() -> object:
        seen.append(current_job.attempt)
        if len(seen) == 2:
            return "there"
        begun.set()
        while not current_job.stopping:
            threading.Event().wait(0.005)
        return Snooze(0)

    job = jobs.submit("work")
    assert begun.wait(10)
    jobs.stop(timeout=10)
    jobs.start()
    assert (jobs.wait(job.id, 10).result, seen) == ("there", [1, 1])


def test_stopping_what_does_not_run_is_no_error(jobs: Simmer) -> None:
    """Nor is starting twice."""
    jobs.start()
    jobs.stop(timeout=5)
    jobs.stop(timeout=5)


def test_a_request_to_cancel_from_another_process_arrives_soon(jobs: Simmer) -> None:
    """Also where no other process has brought work lately; the time is reported."""
    begun = threading.Event()

    @jobs.task
    def work() -> None:
        begun.set()
        for _ in current_job.track(iter(lambda: threading.Event().wait(0.002), None)):
            pass

    job = jobs.submit("work")
    assert begun.wait(10)
    elsewhere = Database.connect(jobs.runtime.database.engine.url, threads=1, synchronous="NORMAL")
    moment = time.monotonic()
    with elsewhere.write() as conn:
        assert verbs.request_cancel(conn, job.id, jobs.runtime.clock.now())
    elsewhere.close()
    eventually(job_is(jobs, job.id, "cancelled"))
    print(f"cancelled after {time.monotonic() - moment:.2f} s")


def test_a_job_that_another_process_submits_is_seen(jobs: Simmer) -> None:
    """Nobody calls: the database is looked at."""
    jobs.task("add")(lambda: 1)
    jobs.wait(jobs.submit("add").id, 10)
    new = jobs.runtime.factory.make_job("add", {}, NO_OPTIONS, jobs.runtime.clock.now())
    moment = time.monotonic()
    with jobs.runtime.database.write() as conn:
        new_jobs.enqueue(conn, [new])
    assert jobs.wait(new.id, 10).state == "succeeded"
    print(f"seen and done after {time.monotonic() - moment:.2f} s")


def test_two_thousand_jobs_leave_nothing_behind(jobs: Simmer) -> None:
    """No thread, no session, no slot, no file is left over; every job ended once."""
    task = jobs.task("add", max_attempts=2, backoff=0)(_every_tenth_fails)
    task.submit_many([{"n": n} for n in range(100)])
    eventually(lambda: _ended(jobs) == 100)
    before = _footprint(jobs)
    moment = time.monotonic()
    task.submit_many([{"n": n} for n in range(2_000)])
    eventually(lambda: _ended(jobs) == 2_100, 60)
    print(f"2,000 jobs, 200 of them tried twice, in {time.monotonic() - moment:.1f} s")
    # A connection is opened where one is needed at that moment, and kept: a few files, not one a job.
    most = before.pop("files") + MOST_FILES
    eventually(lambda: _footprint(jobs).items() >= before.items(), 5, f"{_footprint(jobs)} as {before}")
    assert _footprint(jobs)["files"] <= most
    check_consistency(jobs.runtime.database)


def _every_tenth_fails(n: int) -> int:
    if n % 10 == 0 and current_job.attempt == 1:
        raise OSError("once")
    return n


def _ended(jobs: Simmer) -> int:
    value: int = jobs.runtime.status.stats()["states"]["succeeded"]["value"]
    return value


def _footprint(jobs: Simmer) -> dict[str, int]:
    """What could grow: threads, files, sessions, jobs in worker, those who listen."""
    gc.collect()
    runtime = jobs.runtime
    files = 0
    with suppress(OSError):
        files = len(os.listdir("/proc/self/fd"))
    assert runtime.dispatcher is not None
    return {
        "threads": threading.active_count(),
        "files": files,
        "sessions": len(runtime.app.extensions["sqlalchemy"].session.registry.registry),
        "runs": runtime.dispatcher.load,
        "listeners": runtime.notifier.listeners,
    }
