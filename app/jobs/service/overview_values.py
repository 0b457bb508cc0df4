"""The frozen values of an overview. Times are aware and UTC, durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..job import Progress
from ..values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket(Value):
    """How many jobs ended within the `step` of a throughput that begins `at`."""

    at: datetime
    succeeded: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput(Value):
    """How many jobs ended, in steps of as many seconds that begin at multiples of it in UTC, oldest first.

    The last of the items is the one that goes on; those in which nothing ended are there too.
    """

    window: str
    step: int
    items: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles(Value):
    """The seconds that a half, and 95 of 100, of `count` did not exceed; None where there is none.

    They are estimated from the histogram that `GET /stats` shows: never off by more than a bucket.
    """

    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles(Value):
    """Of all runs that ended: from begun to ended (`run`), and from due to begun (`wait`)."""

    window: str
    run: Quantiles
    wait: Quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup(Value):
    """Failed jobs of a task with one type of error, and messages that differ in their numbers at most.

    `message` is that of the last one, whose id is `job_id`; None where it is too long to be read here.
    """

    task: str
    type: str
    message: str | None
    count: int
    first_at: datetime
    last_at: datetime
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures(Value):
    """Groups of failed jobs, that of the latest failure first.

    `is_sampled`: there are more failed jobs than were read, which are the last ones by creation. `groups`
    counts all, also those beyond the limit.
    """

    items: tuple[FailureGroup, ...]
    groups: int
    is_sampled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob(Value):
    """A run in progress; `started_at` and `elapsed_seconds` are None until its task is known to have begun.

    `overdue`: it goes on beyond its timeout. The estimated rest is `progress.eta`.
    """

    job_id: str
    task: str
    queue: str
    attempt: int
    worker: str
    started_at: datetime | None
    elapsed_seconds: float | None
    timeout: float | None
    overdue: bool
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class NextFire(Value):
    """The next fire time of a schedule, and the schedule's trigger in words."""

    schedule_id: str
    task: str
    fire_at: datetime
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCounts(Value):
    """For each state {value, capped}, as `GET /stats` has it; how long the oldest due job waits, or None."""

    states: Mapping[str, Mapping[str, Any]]
    oldest_queued_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatistics(Value):
    """How the jobs of a task ended within a window, and how long its runs took and waited.

    `success_rate` is the part of those that succeeded or failed which succeeded, from 0 to 1; None where
    there is none. `run.count` is the number of runs, those that were followed by another included.
    """

    task: str
    succeeded: int
    failed: int
    cancelled: int
    success_rate: float | None
    run: Quantiles
    wait: Quantiles
