"""The numbers of `GET /stats` as types."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from ...service.overview_values import Percentiles, Throughput
from ...values import OverdueRun
from .shapes import Counted


class OverdueRuns(TypedDict):
    """Runs that go on beyond their timeout: how many, and those that are over the longest."""

    count: int
    items: list[OverdueRun]


class Unserved(TypedDict):
    """Due jobs that no live worker serves; `capped`: at least so many."""

    count: int
    capped: bool
    by_reason: dict[str, int]


class Load(TypedDict):
    """What is to be done of a task in a queue; `app` is the one whose workers alone run it."""

    queue: str
    task: str
    app: str | None
    queued: Counted
    running: int
    oldest_seconds: float | None


class Histogram(TypedDict):
    """Each bucket counts all that did not exceed its bound, in seconds."""

    count: int
    seconds: float
    buckets: dict[str, int]


class Done(TypedDict):
    """What has been done of a task since ever: how runs ended, how long jobs waited and ran."""

    task: str
    outcomes: dict[str, int]
    wait: Histogram
    run: Histogram


class Stats(TypedDict):
    """The numbers of the whole service."""

    states: dict[str, Counted]
    oldest_queued_seconds: float | None
    workers: int
    threads: int
    stuck_threads: int
    overdue_schedules: int
    overdue_runs: OverdueRuns
    unserved: Unserved
    backlog: list[Load]
    tasks: list[Done]
    throughput: NotRequired[Throughput]
    percentiles: NotRequired[Percentiles]
