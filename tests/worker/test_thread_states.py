"""What the threads of a worker run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from app.jobs import Simmer
from app.jobs.worker.thread_states import thread_states

from ..reliability.manual_worker import ManualWorker, make_manual_app


def test_a_thread_is_shown_with_the_run_that_it_is_in(make_app: Callable[..., Flask]) -> None:
    """Its job, since when, whether it is over its time; a run that waits or has ended is no thread's."""
    jobs, seen = Simmer(), []

    def states() -> list[dict[str, Any]]:
        return thread_states(worker.dispatcher.unended(), [], worker.clock.monotonic())

    @jobs.task(timeout=5)
    def look() -> None:
        seen.append(states())
        worker.clock.advance(6)
        seen.append(states())

    with make_manual_app(make_app, jobs).app_context():
        worker = ManualWorker(jobs, threads=1)
        job = jobs.submit("look")
        jobs.submit("look")
        worker.turn()
        assert states() == []
        worker.pool.run(1)
        assert states() == []
    (before,), (after,) = seen[:2]
    assert (before["job_id"], before["task"], before["overdue"]) == (job.id, "look", False)
    assert before["thread"] == threading.current_thread().name
    assert before["started_at"] is not None
    assert "    seen.append(states())" in before["stack"]
    assert after["overdue"] is True


def test_threads_without_a_job_are_shown_by_name(make_app: Callable[..., Flask]) -> None:
    """So that one of ours that hangs can be seen too."""
    (mine,) = thread_states([], [threading.get_ident()], 0.0)
    assert {name: mine[name] for name in ("thread", "job_id", "task", "started_at", "overdue")} == {
        "thread": threading.current_thread().name, "job_id": None, "task": None,
        "started_at": None, "overdue": False,
    }  # fmt: skip
    assert mine["stack"]
