"""What 10,000 jobs that a limit holds cost those behind them: they are all in front, by their priority.

The work is counted in instructions of SQLite's machine, which another process on this one does not change:
500 jobs are claimed one by one, once the others are parked. The rate is of runs in turn with and without
them, each in a process of its own and from the first claim on, which parks them; the ratio is the median.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import event

from .child import in_child
from .host import create_app, fill, folder, held, jobs, noop, running, wait_until, watching
from .table import Measured, Row, middle, show

BLOCKED: Final = 10_000
COUNTED_EVERY: Final = 100
"""Instructions between two counts."""
ROWS = (
    Row(
        "blocked.work", "SQLite's work for a job behind 10,000 blocked ones ÷ without them", "×", at_most=1.2
    ),
    Row("blocked.rate", "drain behind 10,000 blocked jobs ÷ without them", "×", at_least=0.8),
)


def measure(quick: bool) -> Iterator[Measured]:
    """The work, then the rate."""
    count, rounds = (2_000, 1) if quick else (10_000, 7)
    behind, alone = in_child(work, blocked=BLOCKED), in_child(work, blocked=1)
    detail = f"{show(behind)} instructions a job, {show(alone)} without; the blocked ones are parked"
    yield Measured("blocked.work", behind / alone, detail)
    taken = [
        (in_child(rate, count=count, blocked=BLOCKED), in_child(rate, count=count, blocked=1))
        for _ in range(rounds)
    ]
    behind, alone = (middle(rates) for rates in zip(*taken, strict=True))
    ratio = middle(mine / other for mine, other in taken)
    yield Measured("blocked.rate", ratio, f"{show(behind)}/s, {show(alone)}/s without; parking them included")


def work(blocked: int, count: int = 500) -> float:
    """Instructions a job, while so many of a key are blocked."""
    counts = [0]

    def add() -> None:
        counts[0] += COUNTED_EVERY

    def listen(driver: sqlite3.Connection, _record: Any) -> None:
        driver.set_progress_handler(add, COUNTED_EVERY)

    with folder() as place, create_app(place / "blocked.db", JOBS_ENGINE="manual").app_context():
        database = jobs.runtime.database
        fill(blocked, held)
        while jobs.testing.drain():
            pass
        fill(count, noop)
        database.close()  # those that are open are not counted
        event.listen(database.engine, "connect", listen)
        assert jobs.testing.drain() == count
    return counts[0] / count


def rate(blocked: int, count: int) -> float:
    """Jobs a second, while so many of a key are blocked."""
    with folder() as place:
        path = place / "blocked.db"
        app = create_app(path)
        with app.app_context():
            fill(blocked, held)
            fill(count, noop)
        with watching(path) as watch:
            started = time.perf_counter()
            with running(app):
                wait_until(lambda: watch.finished() > count)  # and one of those of the key
                return count / (time.perf_counter() - started)
