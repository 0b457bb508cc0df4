"""Frozen values other than a job: schedules, workers, batches; attributes have the names of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


class Value:
    """The base class."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, in the order of the JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Value):
    """A stored schedule as it was when it was read. Times are aware and UTC, durations are seconds.

    `trigger` is the dict of HTTP, `declared_by` the name of the app whose code declares
    it; `next_fire_at` is None while it is paused and when no fire time is left.
    """

    id: str
    task: str
    args: Mapping[str, Any]
    trigger: Mapping[str, Any]
    timezone: str | None
    misfire: str
    misfire_grace: float | None
    max_running: int | None
    jitter: float
    paused: bool
    declared_by: str | None
    overdue: bool
    next_fire_at: datetime | None
    last_fire_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Value):
    """A process that runs jobs; `running` has the ids of its jobs, `queues` is None for all queues.

    `leader`: it was the one that fired schedules last, and fires the next ones unless it is busy or gone.
    """

    id: str
    host: str
    pid: int
    engine: str
    state: str
    threads: int
    started_at: datetime
    heartbeat_at: datetime
    queues: tuple[str, ...] | None
    busy: int
    running: tuple[str, ...]
    leader: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueRun(Value):
    """A run that goes on beyond its timeout, by `overdue_seconds`; `worker` is the id of who runs it."""

    job_id: str
    task: str
    worker: str
    started_at: datetime
    timeout: float
    overdue_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Value):
    """A batch: the number of its jobs in each state, and how many of them are final.

    `on_done` and `on_success` are the ids of the jobs that wait for the end, and for the success, of all.
    """

    id: str
    total: int
    counts: Mapping[str, int]
    progress: Mapping[str, float]
    on_done: str | None
    on_success: str | None
    created_at: datetime
