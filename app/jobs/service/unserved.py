"""Jobs that are due and that no live worker serves: the one definition of it, their number, a warning."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from ..clock import Clock
from ..database.database import Database
from ..errors import SimmerError
from ..process.logs import get_logger
from ..store import controls
from ..store.controls import QUEUE, TASK, Controls
from ..store.loads import Load, loads
from ..store.workers import LiveWorker
from .live_workers import InCaller, LiveWorkers

log = get_logger(__name__)
NO_WORKER: Final = "no_worker"
NO_QUEUE: Final = "no_worker_for_queue"
NO_TASK: Final = "no_worker_for_task"
NO_APP: Final = "no_worker_of_app"
REASONS: Final = (NO_WORKER, NO_QUEUE, NO_TASK, NO_APP)
WARN_EVERY: Final = 60.0
MOST_NAMED: Final = 5
"""Queues and tasks that a warning names, at most."""


def unserved_reason(
    workers: Sequence[LiveWorker], queue: str, task: str, app: str | None = None
) -> str | None:
    """Which of REASONS keeps every one of the live workers from running it; None where one of them can.

    `app` is the one whose workers alone may, None where all may.
    """
    if not workers:
        return NO_WORKER
    serving = [worker for worker in workers if worker.serves(queue)]
    if not serving:
        return NO_QUEUE
    able = [worker for worker in serving if worker.knows(task)]
    if not able:
        return NO_TASK
    return None if any(worker.runs_jobs_of(app) for worker in able) else NO_APP


def count_unserved(workers: Sequence[LiveWorker], todo: Iterable[Load], controls: Controls) -> dict[str, Any]:
    """How many due jobs nobody serves: {count, capped, by_reason}; `capped`: at least so many.

    What is paused waits for whoever paused it, not for a worker.
    """
    by_reason, capped = dict.fromkeys(REASONS, 0), False
    for load, reason in _unserved(workers, todo, controls):
        by_reason[reason] += load.queued
        capped |= load.capped
    return {"count": sum(by_reason.values()), "capped": capped, "by_reason": by_reason}


def describe_unserved(workers: Sequence[LiveWorker], todo: Iterable[Load], controls: Controls) -> str | None:
    """The same for a log: how many there are, of which tasks in which queues; None where there is none."""
    found = list(_unserved(workers, todo, controls))
    if not found:
        return None
    named = [f"{load.queued} of {load.task!r} in {load.queue!r}" for load, _ in found[:MOST_NAMED]]
    more = ", …" if len(found) > MOST_NAMED else ""
    total = sum(load.queued for load, _ in found)
    nobody = "no live worker serves them" if workers else "no worker is alive"
    return f"{total} jobs are due and {nobody}: {', '.join(named)}{more}"


def _unserved(
    workers: Sequence[LiveWorker], todo: Iterable[Load], controls: Controls
) -> Iterator[tuple[Load, str]]:
    for load in todo:
        if controls.is_paused(QUEUE, load.queue) or controls.is_paused(TASK, load.task):
            continue
        if load.queued and (reason := unserved_reason(workers, load.queue, load.task, load.app)) is not None:
            yield load, reason


class SubmissionWarning:
    """Warns of jobs that this process stores while no worker is alive: for one that has no ticker.

    Where a worker is alive, its ticker warns of what nobody serves.
    """

    def __init__(self, database: Database, clock: Clock, live: LiveWorkers | InCaller) -> None:
        self._database, self._clock, self._live = database, clock, live
        self._lock = threading.Lock()
        self._next_look = float("-inf")

    def submitted(self) -> None:
        """Called after a submission: looks at most each WARN_EVERY seconds, and never raises."""
        moment = self._clock.monotonic()
        with self._lock:
            if moment < self._next_look:
                return
            self._next_look = moment + WARN_EVERY
        with suppress(SimmerError):  # the job is stored, whatever becomes of this
            workers = self._live.get()
            if not workers:
                with self._database.read() as conn:
                    todo = loads(conn, self._clock.now())
                    warning = describe_unserved(workers, todo, controls.read(conn))
                if warning is not None:
                    log.warning("%s", warning)
