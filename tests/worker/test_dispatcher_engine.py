"""What the dispatcher does where an engine refuses, a drain begins, or a run was fenced off."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.engines.base import OnEnd
from app.jobs.process.identity import own_identity
from app.jobs.run import Outcome, Run
from app.jobs.store import completion, workers
from app.jobs.worker.dispatcher import Dispatcher
from app.jobs.worker.end_log import log_ends
from app.jobs.worker.running import Running

MakeApp = Callable[..., Flask]


class RecordingEngine:
    """Keeps what it is given, or raises `error` once."""

    name = "thread"
    is_closed = False

    def __init__(self, on_end: OnEnd) -> None:
        self.on_end = on_end
        self.started: list[Run] = []
        self.error: Exception | None = None

    def start(self, runs: Sequence[Run]) -> None:
        """Keep them."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.started += runs

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """Nothing waits."""

    def cancel(self, run: Run) -> None:
        """Nothing to tell."""

    def replace_thread(self, run: Run) -> bool:
        """There is none."""
        return False

    def close(self) -> None:
        """Nothing to close."""


class Worker:
    """A dispatcher without a thread, and its engine."""

    def __init__(self, jobs: Simmer) -> None:
        runtime = jobs.runtime
        self.engines: list[RecordingEngine] = []
        self.dispatcher = Dispatcher(
            make_engine=self._make_engine, database=runtime.database, registry=runtime.registry,
            settings=runtime.settings, clock=runtime.clock, notifier=runtime.notifier,
            signals=runtime.signals,
        )  # fmt: skip
        self.engine = self.engines[0]

    def _make_engine(self, on_end: OnEnd) -> RecordingEngine:
        self.engines.append(RecordingEngine(on_end))
        return self.engines[0]


@pytest.fixture
def jobs(make_app: MakeApp) -> Iterator[Simmer]:
    """A Simmer with one task, in the context of its app."""
    made = Simmer()
    made.task("add")(lambda: 1)
    with make_app(made, JOBS_THREADS=2, JOBS_AUTOSTART=False).app_context():
        yield made


def test_runs_that_the_engine_does_not_take_are_released(jobs: Simmer) -> None:
    """Its `start` raises: the job is queued again at once, and taken when the engine works."""
    worker, job = Worker(jobs), jobs.submit("add")
    worker.engine.error = OSError("the broker is away")
    with pytest.raises(OSError, match="broker"):
        worker.dispatcher.run_once()
    for _ in range(3):
        worker.dispatcher.run_once()
    assert [run.job_id for run in worker.engine.started] == [job.id]
    assert [each["outcome"] for each in jobs.runtime.jobs.attempts(job.id)] == ["released", None]


def test_a_run_that_is_claimed_while_a_drain_begins_is_told(
    jobs: Simmer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drain comes between the claim and the moment at which the run is in hand."""
    worker = Worker(jobs)
    jobs.submit("add")
    add = Running.add

    def drain_and_add(self: Running, run: Run) -> None:
        worker.dispatcher.drain(0.0, lambda: True)
        add(self, run)

    monkeypatch.setattr(Running, "add", drain_and_add)
    worker.dispatcher.run_once()
    assert [run.stop_requested for run in worker.engine.started] == [True]


def test_the_end_of_a_fenced_run_is_not_that_of_its_successor(
    jobs: Simmer, caplog: pytest.LogCaptureFixture
) -> None:
    """Both ended in one turn: one success is logged."""
    worker = Worker(jobs)
    jobs.submit("add")
    worker.dispatcher.run_once()
    (run,) = worker.engine.started
    now = jobs.runtime.clock.now()
    fenced = replace(run, token="gone", number=0, outcome=Outcome("released"), finished_at=now)
    run.outcome, run.finished_at = Outcome("succeeded", result="1"), now
    with jobs.runtime.database.write() as conn:
        completed = completion.complete(conn, [fenced, run])
    assert list(completed) == [run.key]
    with caplog.at_level(logging.INFO):
        log_ends([fenced, run], completed)
    assert [record.getMessage().count("succeeded") for record in caplog.records] == [1]


def test_no_row_is_left_of_a_worker_that_has_stopped(jobs: Simmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that hung before its registration finds that `stop` came first."""
    dispatcher, begun, go_on = Worker(jobs).dispatcher, threading.Event(), threading.Event()

    def hang() -> object:
        begun.set()
        go_on.wait(10)
        return own_identity()

    monkeypatch.setattr("app.jobs.worker.registration.own_identity", hang)
    turn = threading.Thread(target=dispatcher.run_once)
    turn.start()
    assert begun.wait(10)
    stop = threading.Thread(target=dispatcher.stop, args=(5.0,))
    stop.start()
    go_on.set()
    turn.join(10)
    stop.join(10)
    with jobs.runtime.database.read() as conn:
        assert workers.all_workers(conn) == []


def test_a_closed_engine_is_a_problem(jobs: Simmer) -> None:
    """Unless the worker is draining, nobody else would say why nothing runs."""
    worker = Worker(jobs)
    worker.dispatcher.start()
    worker.engine.is_closed = True
    assert worker.dispatcher.problem() == "its engine is closed"
    worker.dispatcher.stop()
