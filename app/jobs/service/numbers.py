"""The numbers of `stats` by queue and task: what is to be done, and what has been done since ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, groupby
from operator import attrgetter
from typing import Any, Final

from ..states import CANCELLED, FAILED, SUCCEEDED
from ..store.counters import BEYOND, BOUNDS, RUN, WAIT, Total
from ..store.loads import Load

OUTCOMES: Final = (SUCCEEDED, FAILED, CANCELLED, "retrying", "snoozed", "released", "rescued")
"""How a job ends for good, and how a run ends after which there is another."""


def present_load(load: Load, now: datetime) -> dict[str, Any]:
    """One queue and task as JSON."""
    return {
        "queue": load.queue,
        "task": load.task,
        "app": load.app,
        "queued": {"value": load.queued, "capped": load.capped},
        "running": load.running,
        "oldest_seconds": seconds_since(load.oldest, now),
    }


def oldest_of(loads: Iterable[Load]) -> datetime | None:
    """Since when the job that waits the longest does so."""
    return min((load.oldest for load in loads if load.oldest is not None), default=None)


def seconds_since(moment: datetime | None, now: datetime) -> float | None:
    """How long ago that was; None where it was never."""
    return None if moment is None else max(0.0, (now - moment).total_seconds())


def present_totals(totals: Iterable[Total]) -> list[dict[str, Any]]:
    """The counters of each task as JSON: {task, outcomes, wait, run}, by name."""
    return [_present_task(task, list(counted)) for task, counted in groupby(totals, attrgetter("task"))]


def _present_task(task: str, totals: Sequence[Total]) -> dict[str, Any]:
    outcomes = dict.fromkeys(OUTCOMES, 0) | {each.name: each.value for each in totals if each.bucket == 0}
    waits, runs = ([each for each in totals if each.name == name] for name in (WAIT, RUN))
    return {"task": task, "outcomes": outcomes, "wait": _histogram(waits), "run": _histogram(runs)}


def _histogram(totals: Sequence[Total]) -> dict[str, Any]:
    """As Prometheus has it: each bucket counts all that did not exceed its bound, in seconds."""
    counts = {each.bucket: each.value for each in totals}
    bounds = {f"{bound:g}": round(1_000 * bound) for bound in BOUNDS} | {"+Inf": BEYOND}
    running = accumulate(counts.get(bucket, 0) for bucket in bounds.values())
    return {
        "count": sum(counts.values()),
        "seconds": sum(each.seconds for each in totals),
        "buckets": dict(zip(bounds, running, strict=True)),
    }
