"""RQ on Redis: a pool of one worker a core that does not fork for each job, which is the fastest it has."""

from __future__ import annotations

import os
import sys
from typing import Final

from redis import Redis
from rq import Queue

URL: Final = os.environ.get("BENCH_STORE", "redis://")

queue = Queue(connection=Redis.from_url(URL))


def noop(number: int) -> int:
    """Do nothing."""
    return number


def worker() -> list[str]:
    """The command of the workers."""
    cores = str(len(os.sched_getaffinity(0)))
    options = ["--url", URL, "--num-workers", cores, "--worker-class", "rq.worker.SimpleWorker"]
    return [sys.executable, "-m", "rq.cli", "worker-pool", *options]


def prepare() -> None:
    """Nothing."""


def submit(number: int) -> None:
    """Send one."""
    queue.enqueue(noop, number)


def left(count: int) -> int:
    """How many are not in the registry of what has finished."""
    return count - int(queue.finished_job_registry.get_job_count(cleanup=False))
