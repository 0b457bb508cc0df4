"""Use cases of an overview: numbers over time, what failed, what runs, what fires next.

Each takes a few milliseconds, however many jobs there are: what is not bounded by its nature is read from the
history or capped, and says so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from ..clock import Clock
from ..database.database import Database
from ..errors import InvalidArguments
from ..schedules.triggers import parse_trigger
from ..schedules.triggers.describe import describe
from ..states import CANCELLED, FAILED, FINAL, RUNNING, SUCCEEDED
from ..store import history, overview, queries
from ..store.counters import RUN, WAIT
from ..store.history import HOUR, MINUTE, QUARTER_DAY, Span
from ..store.loads import loads
from .failure_groups import group
from .numbers import oldest_of, seconds_since
from .overview_values import (
    Bucket,
    Failures,
    NextFire,
    Percentiles,
    RunningJob,
    StateCounts,
    TaskStatistics,
    Throughput,
)
from .quantiles import by_name, quantiles

MOST_FAILURES: Final = 1_000
"""Failed jobs that are read for groups."""


class Window(NamedTuple):
    """So many steps of `step` seconds, the current one included."""

    step: int
    steps: int

    def starts(self, now: datetime) -> list[datetime]:
        """When each of the steps begins, oldest first."""
        last = history.floor(now, self.step)
        return [last - timedelta(seconds=self.step * back) for back in reversed(range(self.steps))]


WINDOWS: Final = {"1h": Window(MINUTE, 60), "24h": Window(HOUR, 24), "7d": Window(QUARTER_DAY, 28)}
"""The windows that numbers are known of, by name."""


class Overview:
    """Read-only use cases; `is_sampled`: there are workers that keep a history (see `store.history`)."""

    def __init__(self, database: Database, clock: Clock, is_sampled: bool) -> None:
        self._database, self._clock, self._is_sampled = database, clock, is_sampled

    def throughput(self, window: str) -> Throughput:
        """How many jobs ended in each step of a window of WINDOWS. Raises InvalidArguments for another."""
        step, starts = _window(window).step, _window(window).starts(self._clock.now())
        ended: defaultdict[datetime, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FINAL, 0))
        for row in self._read(window, ("at", "name"), FINAL):
            ended[history.floor(row.at, step)][row.name] += row.count
        return Throughput(window=window, step=step, items=tuple(Bucket(at=at, **ended[at]) for at in starts))

    def percentiles(self, window: str, task: str | None = None) -> Percentiles:
        """How long runs took and waited within a window, of all tasks or one. Raises InvalidArguments."""
        found = by_name(self._read(window, ("name", "bucket"), (RUN, WAIT), task))
        return Percentiles(window=window, run=quantiles(found[RUN]), wait=quantiles(found[WAIT]))

    def numbers(self, window: str) -> dict[str, Any]:
        """`throughput` and `percentiles` of a window, as JSON. Raises InvalidArguments."""
        return {
            "throughput": asdict(self.throughput(window)), "percentiles": asdict(self.percentiles(window)),
        }  # fmt: skip

    def task_statistics(self, window: str) -> list[TaskStatistics]:
        """What the jobs of each task did within a window, by name. Raises InvalidArguments."""
        rows = self._read(window, ("task", "name", "bucket"), history.NAMES)
        ordered = sorted(rows, key=attrgetter("task"))
        return [_statistics(task, list(of_task)) for task, of_task in groupby(ordered, attrgetter("task"))]

    def failures(self, since: datetime, limit: int = 10) -> Failures:
        """The jobs that are failed now and ended since then, in groups, up to `limit` of these."""
        with self._database.read() as conn:
            rows = overview.failed(conn, MOST_FAILURES + 1)
        groups = group(rows[:MOST_FAILURES], since)
        return Failures(items=tuple(groups[:limit]), groups=len(groups), is_sampled=len(rows) > MOST_FAILURES)

    def running(self, limit: int = 20) -> list[RunningJob]:
        """The runs in progress, the longest first, up to `limit`."""
        now = self._clock.now()
        with self._database.read() as conn:
            return _running(conn, overview.running(conn)[:limit], now)

    def next_fires(self, limit: int = 5) -> list[NextFire]:
        """The schedules that fire next, the soonest first, up to `limit`; none that is paused."""
        with self._database.read() as conn:
            rows = overview.next_fires(conn, limit)
        return [
            NextFire(
                schedule_id=row.id, task=row.task, fire_at=row.next_fire_at,
                description=describe(parse_trigger(json.loads(row.trigger))),
            )
            for row in rows
        ]  # fmt: skip

    def counts(self) -> StateCounts:
        """Jobs by state, each capped, and how long the oldest due one waits."""
        now = self._clock.now()
        with self._database.read() as conn:
            states, todo = queries.state_counts(conn), loads(conn, now)
        return StateCounts(states=states, oldest_queued_seconds=seconds_since(oldest_of(todo), now))

    def change_token(self) -> str:
        """A text that differs once anything has changed that is shown here or by `status.stats`.

        What changes only with time, as the age of the backlog, changes it at each full minute.
        """
        minute = history.floor(self._clock.now(), MINUTE)
        with self._database.read() as conn:
            return f"{overview.change_token(conn)}-{int(minute.timestamp()):x}"

    def _read(
        self, window: str, keys: Sequence[str], names: Sequence[str], task: str | None = None
    ) -> Sequence[Any]:
        now = self._clock.now()
        wanted = _window(window)
        span = Span(wanted.step, wanted.starts(now)[0])
        with self._database.read() as conn:
            return history.read(conn, span, now, keys, names, task=task, is_sampled=self._is_sampled)


def _window(name: str) -> Window:
    if name not in WINDOWS:
        detail = f"Must be one of {', '.join(WINDOWS)}."
        raise InvalidArguments([{"pointer": "#/window", "detail": detail}])
    return WINDOWS[name]


def _statistics(task: str, rows: Sequence[Any]) -> TaskStatistics:
    found = by_name(rows)
    ended = {state: sum(row.count for row in found[state]) for state in FINAL}
    judged = ended[SUCCEEDED] + ended[FAILED]
    return TaskStatistics(
        task=task, succeeded=ended[SUCCEEDED], failed=ended[FAILED], cancelled=ended[CANCELLED],
        success_rate=round(ended[SUCCEEDED] / judged, 6) if judged else None,
        run=quantiles(found[RUN]), wait=quantiles(found[WAIT]),
    )  # fmt: skip


def _running(conn: Connection, rows: Sequence[Any], now: datetime) -> list[RunningJob]:
    jobs = queries.jobs_by_id(conn, [row.id for row in rows])
    found = []
    for row in rows:
        # One may have ended between the two statements.
        if (job := jobs.get(row.id)) is not None and job.state == RUNNING:
            elapsed = seconds_since(row.started_at, now)
            found.append(
                RunningJob(
                    job_id=job.id, task=job.task, queue=job.queue, attempt=job.attempt, worker=row.worker,
                    started_at=row.started_at, elapsed_seconds=elapsed, timeout=row.timeout,
                    overdue=None not in (elapsed, row.timeout) and elapsed > row.timeout,
                    progress=job.progress,
                )
            )  # fmt: skip
    return found
