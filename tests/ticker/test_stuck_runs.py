"""What the log says of runs that go on beyond their timeout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.ticker.stuck_runs import StuckRuns

from ..reliability.manual_worker import ManualWorker, make_manual_app


@pytest.fixture
def jobs(make_app: Callable[..., Flask]) -> Iterator[Simmer]:
    """A Simmer in the context of its app."""
    made = Simmer()
    with make_manual_app(make_app, made).app_context():
        yield made


def test_a_stuck_run_is_ended_and_logged_once_with_its_stack(
    jobs: Simmer, caplog: pytest.LogCaptureFixture
) -> None:
    """So long after its timeout as JOBS_STUCK_AFTER says, and not before."""
    counts: list[int] = []

    @jobs.task(timeout=10)
    def deaf() -> None:
        for seconds in (39, 2, 60):
            worker.clock.advance(seconds)
            watch.run_once()
            counts.append(len(caplog.records))

    worker = ManualWorker(jobs, stuck_after=30)
    watch = StuckRuns(worker.dispatcher, worker.settings, worker.clock)
    job = jobs.submit("deaf")
    worker.work()
    assert counts == [0, 1, 1]
    message, *stack = caplog.records[0].getMessage().splitlines()
    assert message == f"job {job.id} (deaf) is stuck, 31.000 s beyond its timeout of 10 s:"
    assert "      watch.run_once()" in stack
    assert any(line.endswith("in deaf") for line in stack)
    assert worker.states([job]) == ["failed"]


@pytest.mark.parametrize("stuck_after", [0, 30])
def test_the_next_look_is_when_the_next_run_is_stuck(jobs: Simmer, stuck_after: float) -> None:
    """A second later at most; with JOBS_STUCK_AFTER=0 that is the end of the timeout, and not before it."""
    looks: list[float] = []

    @jobs.task(timeout=10)
    def deaf() -> None:
        for seconds in (0, 9.75 + stuck_after):
            worker.clock.advance(seconds)
            looks.append(watch.run_once())

    worker = ManualWorker(jobs, stuck_after=stuck_after)
    watch = StuckRuns(worker.dispatcher, worker.settings, worker.clock)
    job = jobs.submit("deaf")
    worker.work()
    assert looks == [1, 0.25]
    assert worker.states([job]) == ["succeeded"]


def test_it_is_logged_that_no_thread_is_left(jobs: Simmer, caplog: pytest.LogCaptureFixture) -> None:
    """Once each time that the last one has exceeded its timeout."""

    @jobs.task(timeout=10)
    def deaf() -> None:
        for seconds in (9, 2, 1):
            worker.clock.advance(seconds)
            watch.run_once()

    worker = ManualWorker(jobs, threads=1)
    watch = StuckRuns(worker.dispatcher, worker.settings, worker.clock)
    for _ in range(2):
        jobs.submit("deaf")
        worker.work()
        watch.run_once()
    lines = [line for record in caplog.records if (line := record.getMessage()).startswith("worker")]
    said = f"worker {worker.dispatcher.id}: all 1 threads are in jobs that exceeded their timeout"
    assert lines == [said, said]
