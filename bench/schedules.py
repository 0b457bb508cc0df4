"""What schedules cost: 10,000 of them, each once a minute and evenly spread, whose jobs do nothing.

Ours are fired and run by `flask jobs worker`, with a row for each fire time, job, attempt and event. What
APScheduler costs for the same functions at the same times is measured in a process of its own, with its jobs
in memory and in SQLite; it records nothing of a run. Percentages are of one core, over all threads. The clock
starts when each schedule has fired once: how long a fire time waits for others depends on the one before it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .child import in_child
from .host import THREADS, create_app, folder, jobs, noop
from .proc import use_over
from .servers import worker
from .table import Measured, Row, percentile, show

PERIOD: Final = 60
SETTLED_AFTER: Final = 8.0
WARM_UP: Final = 2.0
ROWS = (
    Row("schedules.cpu", "10,000 schedules at 60 s, jobs run: CPU, of one core", "%", at_most=6),
    Row("schedules.apscheduler_memory", "the same in APScheduler, in memory", "%"),
    Row("schedules.apscheduler_sqlite", "the same in APScheduler, in SQLite", "%"),
    Row("schedules.none_due", "10,000 schedules, none due: CPU, of one core", "%"),
    Row("schedules.late_p50", "100 schedules each second: from fire time to start, p50", "ms"),
    Row("schedules.late_p99", "the same: p99", "ms"),
)


def measure(quick: bool) -> Iterator[Measured]:
    """Ours and theirs in turn, each in processes of its own."""
    count, seconds = (1_000, 10) if quick else (10_000, 60)
    percent, run = ours(count, PERIOD, seconds, settled_after=SETTLED_AFTER + (0 if quick else PERIOD))
    yield Measured("schedules.cpu", percent, f"{count:,} schedules, {show(run / seconds)} jobs/s run")
    for store in ("memory", "sqlite"):
        taken = in_child(theirs, store=store, count=count, seconds=seconds // 3)
        detail = f"{count:,} schedules, {show(taken['run'] / (seconds // 3))} calls/s"
        yield Measured(f"schedules.apscheduler_{store}", taken["percent"], detail)
    percent, _ = ours(count, 86_400, seconds // 3, first_in=3_600)
    yield Measured("schedules.none_due", percent, f"{count:,} schedules")
    late = lateness(100, 5 if quick else 20)
    yield Measured("schedules.late_p50", percentile(late, 50), f"{len(late):,} fire times")
    yield Measured("schedules.late_p99", percentile(late, 99))


def ours(
    count: int,
    period: int,
    seconds: float,
    first_in: float = SETTLED_AFTER,
    settled_after: float = SETTLED_AFTER,
) -> tuple[float, int]:
    """Percent of a core over `seconds`, from `settled_after` seconds on, and how many jobs ran meanwhile."""
    with folder() as place:
        path = place / "schedules.db"
        in_child(store_schedules, path=str(path), count=count, period=period, first_in=first_in)
        with worker(path) as process:
            time.sleep(settled_after)
            before, use = runs(path), use_over(process.pid, seconds)
            return use.percent, runs(path) - before


def store_schedules(path: str, count: int, period: int, first_in: float = SETTLED_AFTER) -> None:
    """So many schedules, evenly spread over the period (seconds), the first in `first_in` seconds."""
    app, now = create_app(path, JOBS_SQLITE_SYNCHRONOUS="NORMAL"), datetime.now(UTC)
    with app.app_context():
        for number in range(count):
            anchor = now + timedelta(seconds=first_in + period * number / count)
            trigger = {"type": "interval", "seconds": period, "start_at": anchor.isoformat()}
            jobs.add_schedule(id=f"s{number}", task=noop.name, trigger=trigger, args={"number": number})


def runs(path: Path) -> int:
    """How many jobs have begun."""
    with closing(sqlite3.connect(path)) as conn:
        return int(conn.execute("SELECT count(*) FROM simmer_attempts").fetchone()[0])


def lateness(count: int, seconds: float) -> list[float]:
    """For each fire time of `count` schedules, each due every second, when its task began, in ms after it."""
    with folder() as place:
        path = place / "late.db"
        in_child(store_schedules, path=str(path), count=count, period=1)
        with worker(path):
            time.sleep(SETTLED_AFTER + WARM_UP + seconds)
        with closing(sqlite3.connect(path)) as conn:
            query = (
                "SELECT fire_time, started_at FROM simmer_jobs WHERE state = 'succeeded' ORDER BY fire_time"
            )
            times = [(moment(fire), moment(start)) for fire, start in conn.execute(query)]
    settled = times[0][0] + timedelta(seconds=WARM_UP)
    return [1_000 * (start - fire).total_seconds() for fire, start in times if fire > settled]


def moment(text: str) -> datetime:
    """A time as SQLite has it."""
    return datetime.fromisoformat(text)


def nothing(number: int) -> int:
    """What APScheduler calls."""
    Calls.count += 1
    return number


class Calls:
    """How often it did."""

    count = 0


def theirs(store: str, count: int, seconds: float) -> dict[str, Any]:
    """Percent of a core that APScheduler uses for the same, and how often it called."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.jobstores.memory import MemoryJobStore
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    with folder() as place:
        kept = MemoryJobStore() if store == "memory" else SQLAlchemyJobStore(f"sqlite:///{place}/aps.db")
        pool = ThreadPoolExecutor(THREADS)
        scheduler = BackgroundScheduler(jobstores={"default": kept}, executors={"default": pool})
        scheduler.start(paused=True)
        now = datetime.now(UTC)
        for number in range(count):
            first = now + timedelta(seconds=PERIOD * number / count)
            scheduler.add_job(
                nothing, "interval", [number], seconds=PERIOD, start_date=first, misfire_grace_time=None
            )
        scheduler.resume()
        time.sleep(SETTLED_AFTER)
        cpu, calls = time.process_time(), Calls.count
        time.sleep(seconds)
        used = {"percent": 100 * (time.process_time() - cpu) / seconds, "run": Calls.count - calls}
        scheduler.shutdown(wait=False)
    return used
