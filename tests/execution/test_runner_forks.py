"""A task that forks, and one that runs while the interpreter closes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.execution.failure import CLOSING
from app.jobs.execution.runner import Runner
from app.jobs.run import Run

MakeApp = Callable[..., Flask]


@pytest.fixture
def jobs(make_app: MakeApp) -> Iterator[Simmer]:
    """A Simmer whose jobs run in the calling thread, in the context of its app."""
    made = Simmer()
    with make_app(made, JOBS_ENGINE="manual", JOBS_API_PREFIX=None).app_context():
        yield made


def _fail() -> NoReturn:
    raise ValueError("in the child")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize(
    ("end", "code"), [(lambda: None, 0), (_fail, 1), (lambda: sys.exit(3), 3), (lambda: sys.exit("no"), 1)]
)
def test_a_child_that_comes_back_ends(jobs: Simmer, end: Callable[[], Any], code: int) -> None:
    """However the child leaves the task, it runs nothing of ours any more, and the parent's job goes on."""

    @jobs.task
    def fork() -> int:
        pid = os.fork()
        if pid == 0:
            end()
            return -1
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    job = jobs.submit("fork")
    assert jobs.testing.drain() == 1
    assert (jobs.get(job.id).state, jobs.get(job.id).result) == ("succeeded", code)


@pytest.mark.parametrize("words", CLOSING)
@pytest.mark.parametrize("is_draining", [True, False])
def test_no_more_threads_during_a_drain_is_no_failure(jobs: Simmer, words: str, is_draining: bool) -> None:
    """The task cannot go on and is not at fault: its run is released, with no attempt spent."""

    @jobs.task
    def need_a_thread() -> None:
        raise RuntimeError(words)

    runtime = jobs.runtime
    runner = Runner(runtime.app, runtime.registry, runtime.settings, runtime.clock, runtime.jobs.results)
    now = runtime.clock.now()
    run = Run("id", "need_a_thread", "default", "{}", 1, 1, None, 1, "worker", "token", now, now)
    run.stop_requested = is_draining
    assert runner.run(run).kind == ("released" if is_draining else "failed")


class Unreadable(RuntimeError):
    """An exception without a text."""

    def __str__(self) -> str:
        raise OSError("no text")


def test_a_failure_without_text_stays_what_it_is_during_a_drain(jobs: Simmer) -> None:
    """It is no sign of a closing interpreter, and is tried again."""

    @jobs.task(max_attempts=3)
    def fail() -> None:
        raise Unreadable

    runtime = jobs.runtime
    now = runtime.clock.now()
    run = Run("id", "fail", "default", "{}", 1, 3, None, 1, "worker", "token", now, now)
    run.stop_requested = True
    outcome = runtime.runner.run(run)
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.retry_in is not None) == ("Unreadable", True)
