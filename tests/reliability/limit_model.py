"""Which jobs may be claimed, in plain Python: pauses, limits and rates, and the order of claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.jobs.states import CLAIMABLE, RUNNING

from .job_model import ModelJob

WINDOW = timedelta(minutes=1)
"""Every rate here is one of a minute."""


class Limit(NamedTuple):
    """At most so many jobs under a key, of those that run or that were claimed within WINDOW."""

    key: tuple[str, ...]
    most: int
    is_rate: bool = False


class LimitModel:
    """What the code says of tasks, what was set of tasks and queues since, and the claims under rates."""

    def __init__(self, of_tasks: Mapping[str, Mapping[str, Any]]) -> None:
        self._of_tasks = of_tasks
        self._set: dict[tuple[str, str, str], Any] = {}
        self._claims: list[tuple[str, datetime]] = []

    def set(self, kind: str, name: str, setting: str, value: Any) -> None:
        """An operator sets something; None: as the code says."""
        self._set[kind, name, setting] = value

    def is_paused(self, kind: str, name: str) -> bool:
        """Whether an operator has paused it."""
        return bool(self._set.get((kind, name, "paused")))

    def is_claimable(self, job: ModelJob, now: datetime) -> bool:
        """Whether nothing but a limit keeps it from being claimed."""
        is_paused = self.is_paused("queue", job.queue) or self.is_paused("task", job.task)
        is_due = job.state in CLAIMABLE and job.run_at <= now and not job.has_expired(now)
        return is_due and not is_paused

    def limits_of(self, job: ModelJob) -> Iterator[Limit]:
        """The limits that it counts against."""
        if (most := self._set.get(("queue", job.queue, "concurrency"))) is not None:
            yield Limit(("queue", job.queue), most)
        if (value := self._of_task(job.task, "concurrency")) is not None:
            if isinstance(value, tuple):
                yield Limit(("task", job.task, job.tenant), value[0])
            else:
                yield Limit(("task", job.task), value)
        if (value := self._of_task(job.task, "rate")) is not None:
            yield Limit(("task", job.task), int(value.removesuffix("/m")), is_rate=True)

    def has_room(self, job: ModelJob, jobs: Iterable[ModelJob], now: datetime) -> bool:
        """Whether no limit keeps it from being claimed."""
        running = [each for each in jobs if each.state == RUNNING]
        return all(self._count(limit, running, now) < limit.most for limit in self.limits_of(job))

    def claim(self, job: ModelJob, now: datetime) -> None:
        """It is claimed: that counts where it is under a rate."""
        self._claims += [(job.task, now) for limit in self.limits_of(job) if limit.is_rate]

    def _of_task(self, task: str, setting: str) -> Any:
        value = self._set.get(("task", task, setting))
        return self._of_tasks[task].get(setting) if value is None else value

    def _count(self, limit: Limit, running: list[ModelJob], now: datetime) -> int:
        if limit.is_rate:
            return sum((("task", task) == limit.key and at >= now - WINDOW) for task, at in self._claims)
        return sum(_key(job, limit) == limit.key for job in running)


def _key(job: ModelJob, limit: Limit) -> tuple[str, ...]:
    if limit.key[0] == "queue":
        return "queue", job.queue
    return ("task", job.task, job.tenant)[: len(limit.key)]
