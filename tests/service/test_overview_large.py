"""An overview over 1,000,000 jobs answers as fast as over a few."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import URL, func, insert, literal, select

from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.database.tables import JOBS
from app.jobs.service.overview import WINDOWS, Overview
from app.jobs.states import FINAL
from app.jobs.store import counters, history
from app.jobs.store.counters import RUN, WAIT, Counts

from ..store.factory import NOW, claim_one, end, register, submit

COPIES = 1_000
"""Of a thousand jobs."""
TASKS = 10
AT_MOST = 0.1
"""Seconds, of the fastest of some tries: the machine may have something else to do."""


def store_jobs(database: Database) -> None:
    """COPIES of a thousand jobs, of which every thirtieth has failed."""
    with database.write() as conn:
        register(conn)
        for number in range(1_000):
            claim = claim_one(conn, submit(conn, task=f"task{number % TASKS}", id=f"000{number:033x}"))
            assert claim is not None
            end(conn, claim, "succeeded" if number % 30 else "failed")
    others = [column for column in JOBS.columns if column.name != "id"]
    with database.write() as conn:
        for index in JOBS.indexes:  # made again at once, not row by row
            index.drop(conn)
        for number in range(1, COPIES):
            copy = literal(f"{number:03x}").concat(func.substr(JOBS.c.id, 4))
            rows = select(copy, *others).where(JOBS.c.id < "001")
            conn.execute(insert(JOBS).from_select(["id", *(column.name for column in others)], rows))
    database.create_tables()
    with database.write() as conn:  # as the database does by itself in a while
        conn.exec_driver_sql("ANALYZE")


def store_history(database: Database) -> None:
    """A week in which each task has ended in each way, and in runs of five lengths, in every hour."""
    added = Counts()
    for number in range(TASKS):
        for state in FINAL:
            added.add(f"task{number}", state, count=3)
        for name in (WAIT, RUN):
            added.observe(f"task{number}", name, [float(bound) for bound in counters.BOUNDS[::3]])
    minutes = [-60 * hour for hour in range(24 * 7, 1, -1)] + list(range(-65, 1))
    for minute in minutes:
        with database.write() as conn:
            history.sample(conn, history.sampled_at(conn), NOW + timedelta(minutes=minute))
            counters.add(conn, added)
    with database.write() as conn:
        while history.prune(conn, NOW):
            pass


@pytest.mark.long
@pytest.mark.timeout(600)
def test_each_answer_takes_less_than_a_tenth_of_a_second(url: URL) -> None:
    """Whatever the window is: what there is no bound for comes from the history, or is counted to a cap."""
    database = Database.connect(url, threads=1, synchronous="NORMAL")
    database.create_tables()
    store_jobs(database)
    store_history(database)
    overview = Overview(database, ManualClock(NOW), is_sampled=True)
    asked: dict[str, Callable[[], object]] = {
        "failures": lambda: overview.failures(NOW - timedelta(days=1)),
        "running": overview.running, "next fires": overview.next_fires, "counts": overview.counts,
        "change token": overview.change_token,
    }  # fmt: skip
    for window in WINDOWS:
        asked[f"throughput {window}"] = partial(overview.throughput, window)
        asked[f"percentiles {window}"] = partial(overview.percentiles, window)
        asked[f"tasks {window}"] = partial(overview.task_statistics, window)
    took = {name: min(seconds(ask) for _ in range(5)) for name, ask in asked.items()}
    print({name: f"{1_000 * value:.1f} ms" for name, value in took.items()})
    assert {name: value for name, value in took.items() if value > AT_MOST} == {}
    assert overview.failures(NOW - timedelta(days=1)).is_sampled
    assert overview.counts().states["succeeded"] == {"value": 10_000, "capped": True}
    database.close()


def seconds(ask: Callable[[], object]) -> float:
    """How long an answer takes."""
    begun = time.monotonic()
    ask()
    return time.monotonic() - begun
