"""The canary of our use of Flask-Executor, whose internals we lean on in one place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, has_app_context
from flask_executor import Executor

from app.jobs import Simmer
from app.jobs.engines.thread import Pool, create_pool


@contextmanager
def _pool(app: Flask, threads: int = 2) -> Iterator[Pool]:
    pool = create_pool(app, threads)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False)


def test_a_bare_thread_can_submit() -> None:
    """With no context of any kind, as the dispatcher; the function gets none either."""
    seen: list[bool] = []
    done = threading.Event()

    def function() -> None:
        seen.append(has_app_context())
        done.set()

    with _pool(Flask("host")) as pool:
        threading.Thread(target=pool.submit, args=(function,)).start()
        assert done.wait(10)
    assert seen == [False]


def test_all_threads_of_the_pool_work_at_once() -> None:
    """As many functions as there are threads meet at a barrier."""
    meeting = threading.Barrier(4, timeout=10)
    met: list[int] = []
    with _pool(Flask("host"), 3) as pool:
        for _ in range(3):
            pool.submit(lambda: met.append(meeting.wait()))
        meeting.wait()


def test_the_hosts_own_executor_is_untouched(make_app: Any) -> None:
    """Its settings, its extension and what it does with contexts stay as they were."""
    app = Flask("host")
    app.config["EXECUTOR_MAX_WORKERS"] = 1
    own = Executor(app)
    with _pool(app, 3), app.test_request_context("/own"):
        assert app.extensions["executor"] is own
        assert app.config["EXECUTOR_MAX_WORKERS"] == 1
        assert app.config["SIMMER_EXECUTOR_MAX_WORKERS"] == 3
        assert own.submit(has_app_context).result(10) is True
    own.shutdown()


def test_a_closed_pool_says_so() -> None:
    """RuntimeError, upon which the worker puts the job back."""
    with _pool(Flask("host")) as pool:
        pool.shutdown(wait=False)
        try:
            pool.submit(lambda: None)
        except RuntimeError:
            return
    raise AssertionError("a closed pool took a function")


def test_start_after_stop_starts_afresh(make_app: Any) -> None:
    """A new pool takes the place of the closed one."""
    jobs = Simmer()
    app = make_app(jobs)
    jobs.task("add")(lambda: 1)
    with app.app_context():
        for _ in range(2):
            jobs.start()
            assert jobs.wait(jobs.submit("add").id, 10).state == "succeeded"
            jobs.stop(timeout=5)
        assert jobs.runtime.status.workers() == []
