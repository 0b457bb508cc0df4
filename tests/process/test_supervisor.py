"""What keeps the threads from starting ends no process that can serve: it is said, and tried again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event

from app.jobs import Simmer
from app.jobs.process.supervisor import Supervisor
from app.jobs.runtime import Runtime
from app.jobs.ticker.ticker import Ticker

from ..support import eventually, job_is

MakeApp = Callable[..., Flask]


def test_a_failing_start_is_said_once_and_tried_again(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No thread is to be had for a while: `ready` names it, and jobs run once there is one."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    tries: list[int] = []

    def start(self: Ticker) -> None:
        tries.append(1)
        raise RuntimeError("can't start new thread")

    with make_app(jobs).app_context(), caplog.at_level(logging.WARNING, "app.jobs"):
        job = jobs.submit("add")
        monkeypatch.setattr(Ticker, "start", start)
        jobs.start()
        eventually(lambda: len(tries) >= 3)
        assert jobs.runtime.is_running
        ok, checks = jobs.runtime.status.ready()
        assert not ok
        assert "can't start new thread" in checks["worker"]["detail"]
        assert len([each for each in caplog.records if "no job runs yet" in each.getMessage()]) == 1
        monkeypatch.undo()
        eventually(job_is(jobs, job.id, "succeeded"))
        eventually(lambda: jobs.runtime.status.ready()[0])


def test_a_database_that_raises_anything_does_not_end_the_process(make_app: MakeApp) -> None:
    """A listener of the host's that fails for a while is an outage like any other."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    app = make_app(jobs)
    with app.app_context():
        job = jobs.submit("add")
        runtime: Runtime = jobs.runtime
        calls: list[int] = []

        def refuse(*_: object) -> None:
            if threading.current_thread() is threading.main_thread():
                return
            calls.append(1)
            if len(calls) <= 3:
                raise TypeError("the driver's own mistake")

        runtime.database.close()
        event.listen(app.extensions["sqlalchemy"].engine, "do_connect", refuse)
        jobs.start()
        eventually(lambda: len(calls) >= 2)
        assert runtime.is_running
        eventually(job_is(jobs, job.id, "succeeded"))


def test_a_late_stop_leaves_the_threads_of_a_new_start_alone(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two callers of `stop` one comes back after somebody has started afresh."""
    jobs, go_on, inside = Simmer(), threading.Event(), threading.Event()
    stop = Supervisor.stop

    def slow_elsewhere(self: Supervisor, grace: float) -> None:
        stop(self, grace)
        if threading.current_thread() is not threading.main_thread():
            inside.set()
            go_on.wait(10)

    with make_app(jobs).app_context():
        runtime = jobs.runtime
        jobs.start()
        monkeypatch.setattr(Supervisor, "stop", slow_elsewhere)
        late = threading.Thread(target=runtime.stop, args=(1,))
        late.start()
        assert inside.wait(10)
        runtime.stop(1)
        jobs.start()
        second = runtime.supervisor
        go_on.set()
        late.join(10)
        assert runtime.supervisor is second
        assert runtime.is_running
