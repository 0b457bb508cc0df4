"""Helpers for a host's tests: with JOBS_ENGINE="manual" jobs run only on request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from .clock import ManualClock
from .job import Job
from .runtime import Runtime
from .store import expiry, fires, queries
from .store.job_filters import JobFilters

UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Testing:
    """`jobs.testing`; every method needs an app context."""

    # Without it pytest would collect this class wherever a test module imports it.
    __test__ = False

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime

    def drain(self) -> int:
        """Run all due jobs, and those that they submit, in this thread; returns the number of runs."""
        return self._runtime().inline_worker.drain()

    def submitted(self, task: str | None = None) -> list[Job]:
        """The jobs that were submitted, of `task` or of all, oldest first."""
        filters = JobFilters(tasks=(task,) if task else ())
        with self._runtime().database.read() as conn:
            return queries.page(conn, filters, 10_000, None, newest_first=False)[0]

    def advance(self, duration: str | float) -> None:
        """Move the clock by seconds, or by text such as "5m" or "1h30m", firing schedules, expiring jobs.

        Each fire time is decided at its moment, as by a ticker that is never late. Raises ValueError for
        other text, RuntimeError with another engine than "manual".
        """
        clock = self._manual_clock()
        left = _seconds(duration)
        self._fire()
        while (step := self._next_step(left)) is not None:
            clock.advance(step)
            left -= step
            self._fire()
        clock.advance(left)
        self._expire()

    def _next_step(self, most: float) -> float | None:
        """Seconds to the next fire time, or None where that is more than `most` away."""
        runtime = self._runtime()
        with runtime.database.read() as conn:
            fire_time = fires.next_fire(conn, list(runtime.registry.tasks), runtime.settings.app)
        if fire_time is None:
            return None
        step = max(0.0, (fire_time - runtime.clock.now()).total_seconds())
        return step if step <= most else None

    def _fire(self) -> None:
        scheduler = self._runtime().scheduler
        scheduler.run_once()
        # Again while something is due: one run fires a batch.
        while scheduler.seconds_until_due() <= 0:
            scheduler.run_once()

    def _expire(self) -> None:
        runtime = self._runtime()
        with runtime.database.write() as conn:
            expired = expiry.expire(conn, runtime.clock.now(), limit=100_000)
        runtime.signals.happened(("cancelled", job_id) for job_id in expired)

    def _manual_clock(self) -> ManualClock:
        clock = self._runtime().clock
        if not isinstance(clock, ManualClock):
            raise RuntimeError('the clock can only be moved with JOBS_ENGINE="manual"')
        return clock


def _seconds(duration: str | float) -> float:
    if not isinstance(duration, str):
        return float(duration)
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration.replace(" ", ""):
        raise ValueError(
            f"{duration!r} is not a duration: pass a number of seconds, or text such as 5m or 1h30m"
        )
    return sum(float(number) * UNITS[unit] for number, unit in parts)
