"""What the threads of a worker do at this moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ..process.stacks import stacks
from ..run import Run
from ..serialization.presenter import moment


def thread_states(runs: Iterable[Run], others: Iterable[int], now: float) -> list[dict[str, Any]]:
    """Each thread that is in one of `runs`, and then `others`, with its stack: what the API shows.

    `now` is on the monotonic clock. The stack is empty where a thread has none that Python can see.
    """
    busy = {thread: run for run in runs if (thread := run.thread) is not None}
    others = list(others)
    found = stacks([*busy, *others])
    # A thread that has left its run meanwhile may be in another, and so may be its stack.
    still = [(thread, run) for thread, run in busy.items() if run.thread == thread]
    names = {each.ident: each.name for each in threading.enumerate()}
    return [
        {**_doing(run, now), "thread": names.get(thread), "stack": found.get(thread, [])}
        for thread, run in [*still, *((thread, None) for thread in others if thread in found)]
    ]


def _doing(run: Run | None, now: float) -> dict[str, Any]:
    """What a thread does; `thread` and `stack` are to be filled in."""
    return {
        "thread": None,
        "job_id": run and run.job_id,
        "task": run and run.task,
        "started_at": run and moment(run.started_at),
        "overdue": run is not None and run.overdue_seconds(now) > 0,
        "stuck": run is not None and run.outcome is not None,
    }
