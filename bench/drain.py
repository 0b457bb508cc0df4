"""How fast one process runs what is queued: 20,000 jobs that do nothing, beside a bare Flask-Executor.

Timed from `jobs.start()`, which is before the first claim, to the commit of the last outcome. The bare pool
runs the same function as often, from the first `submit` to the last result, and stores nothing. Each has a
process of its own; the three take turns, and a ratio is the median over the rounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any

from flask import Flask
from flask_executor import Executor

from . import host
from .child import in_child
from .host import THREADS, create_app, fill, folder, noop, running, wait_until, watching
from .table import Measured, Row, middle, show

ROWS = (
    Row("drain.ratio", "drain of 20,000 queued jobs ÷ bare Flask-Executor", "×", at_least=0.7),
    Row("drain.full", "the same ÷ its own rate with synchronous=NORMAL", "×", at_least=0.7),
    Row("drain.rate", "the same, jobs a second", "/s", at_least=10_000),
)


def measure(quick: bool) -> Iterator[Measured]:
    """Drain in turn with FULL, with NORMAL and through the bare pool."""
    count, rounds = (5_000, 1) if quick else (20_000, 5)
    taken = [one_round(count) for _ in range(rounds)]
    full, normal, pool = (middle(rates) for rates in zip(*taken, strict=True))
    detail = f"ours {show(full)}/s with FULL, {show(normal)}/s with NORMAL; Flask-Executor {show(pool)}/s"
    yield Measured("drain.ratio", middle(mine / its for mine, _, its in taken), detail)
    yield Measured("drain.full", middle(mine / lax for mine, lax, _ in taken))
    yield Measured("drain.rate", full)


def one_round(count: int) -> tuple[float, float, float]:
    """Jobs a second with FULL, with NORMAL and through the bare pool."""
    lax = in_child(ours, count=count, synchronous="NORMAL")
    return in_child(ours, count=count), lax, in_child(bare, count=count)


def ours(count: int, synchronous: str = "FULL") -> float:
    """Jobs a second."""
    with folder() as place:
        return drain(str(place / "drain.db"), count, JOBS_SQLITE_SYNCHRONOUS=synchronous)


def drain(path: str, count: int, task: str = "noop", **config: Any) -> float:
    """Queue `count` jobs in that database and run them here: jobs a second."""
    app = create_app(path, **config)
    with app.app_context():
        fill(count, getattr(host, task))
    with watching(path) as watch:
        started = time.perf_counter()
        with running(app):
            wait_until(watch.all_done)
            seconds = time.perf_counter() - started
    return count / seconds


def bare(count: int) -> float:
    """Calls a second through Flask-Executor as its users call it, from within a request."""
    app = Flask("bare")
    app.config["EXECUTOR_MAX_WORKERS"] = THREADS
    executor = Executor(app)
    with app.test_request_context():
        started = time.perf_counter()
        futures = [executor.submit(noop, number) for number in range(count)]
        wait(futures)
        seconds = time.perf_counter() - started
    assert futures[-1].result() == count - 1
    return count / seconds


def queue(path: str, count: int, task: str = "noop") -> float:
    """Queue so many jobs at one moment, and return that moment on the clock that all processes share."""
    with create_app(path).app_context():
        if count:
            fill(count, getattr(host, task))
    return time.monotonic()
