"""Celery on Redis with results and the started state kept; prefork, one process a core, as it comes."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from celery import Celery

URL: Final = os.environ.get("BENCH_STORE", "redis://")

app = Celery("bench", broker=URL, backend=URL)
app.conf.update(task_track_started=True, broker_connection_retry_on_startup=True)
_sent: list[Any] = []


@app.task  # type: ignore[untyped-decorator]
def noop(number: int) -> int:
    """Do nothing."""
    return number


def worker() -> list[str]:
    """The command of the worker."""
    return [sys.executable, "-m", "celery", "--app", "bench.peers.with_celery", "worker"]


def prepare() -> None:
    """Nothing."""


def submit(number: int) -> None:
    """Send one."""
    _sent.append(noop.delay(number))


def left(count: int) -> int:
    """How many results are missing; those that were seen are not asked for again."""
    while _sent and _sent[-1].ready():
        _sent.pop()
    return len(_sent)
