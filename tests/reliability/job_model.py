"""What the package promises of jobs, in plain Python: a model that the package is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.jobs.states import CANCELLED, FAILED, FINAL, QUEUED, RETRYING, RUNNING, SCHEDULED, SUCCEEDED, WAITING

ENTERS = {
    "succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED, "retrying": RETRYING,
    "snoozed": SCHEDULED, "released": QUEUED, "rescued": QUEUED,
}  # fmt: skip
"""Verb → the state that a job enters by it; each of them is counted."""
MOST_CRASHES = 3


@dataclass
class ModelJob:
    """A job; `runs` are [attempt, outcome] of each claim, `events` (type, from, to, attempt)."""

    id: str
    task: str
    tenant: str
    queue: str
    priority: int
    run_at: datetime
    max_attempts: int
    expires_at: datetime | None = None
    parents: tuple[str, ...] = ()
    on_dependency: str = "cancel"
    unique: str | None = None
    state: str = ""
    attempt: int = 0
    rerun: bool = False
    crashes: int = 0
    is_asked: bool = False
    """Whether somebody has asked for its end."""
    is_for_parent: bool = False
    """Whether it was cancelled for what it depends on."""
    worker: str = ""
    has_begun: bool = False
    finished_at: datetime | None = None
    sleeps_until: datetime | None = None
    runs: list[list[object]] = field(default_factory=list)
    events: list[tuple[str, str | None, str, int]] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, datetime, str]:
        """Its place among the due jobs of all queues."""
        return self.priority, self.run_at, self.id

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL

    def has_expired(self, now: datetime) -> bool:
        """Whether it never runs."""
        return self.expires_at is not None and self.expires_at <= now and not self.runs


class Model:
    """All jobs, who has which unique key until when, and how often each task's jobs did what."""

    def __init__(self) -> None:
        self.jobs: dict[str, ModelJob] = {}
        self.keys: dict[tuple[str, str], tuple[str, datetime | None]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()

    def submit(self, job: ModelJob, now: datetime, key_until: datetime | None) -> None:
        """It is stored, and has its key until then, None: until it is final."""
        self.jobs[job.id] = job
        if job.unique is not None:
            self.keys[job.task, job.unique] = job.id, key_until
        waits = self.unmet(job) > 0
        self._move(job, "submitted", WAITING if waits else _by_time(job, now), now)
        if waits and self._is_broken(job):
            self._end([job], "cancelled", now, for_parent=True)

    def replace(self, job: ModelJob, new: ModelJob, now: datetime, key_until: datetime | None) -> None:
        """It has the options of `new` from now on."""
        for name in ("tenant", "queue", "priority", "run_at", "max_attempts", "expires_at"):
            setattr(job, name, getattr(new, name))
        job.parents = ()
        self._move(job, "replaced", _by_time(job, now), now)
        if key_until is not None and job.unique is not None:
            self.keys[job.task, job.unique] = job.id, key_until

    def holder(self, task: str, text: str, now: datetime) -> ModelJob | None:
        """Who has that key; what is over is forgotten."""
        if (task, text) not in self.keys:
            return None
        job_id, until = self.keys[task, text]
        holder = self.jobs[job_id]
        is_over = holder.is_final or holder.has_expired(now) if until is None else until <= now
        if is_over:
            del self.keys[task, text]
        return None if is_over else holder

    def edit(self, job: ModelJob, priority: int, queue: str, run_at: datetime, now: datetime) -> None:
        """It has other options."""
        moves = run_at != job.run_at
        job.priority, job.queue, job.run_at = priority, queue, run_at
        self._move(job, "edited", _by_time(job, now) if moves else job.state, now)

    def claim(self, job: ModelJob, worker: str, has_begun: bool, now: datetime) -> None:
        """A worker has it, and a free thread for it or not."""
        job.attempt += not job.rerun
        job.rerun, job.worker, job.has_begun = False, worker, has_begun
        job.runs.append([job.attempt, None])
        self._move(job, "claimed", RUNNING, now)

    def finish(self, job: ModelJob, verb: str, now: datetime, delay: float = 0.0) -> str:
        """Its run ends by that verb, or as it was asked to; returns which of them."""
        if job.is_asked and verb not in ("failed", "cancelled"):
            verb = "cancelled"
        job.runs[-1][1] = "failed" if verb == "retrying" else verb
        job.rerun = verb in ("snoozed", "released")
        if verb in ("snoozed", "retrying"):
            job.run_at = now + timedelta(seconds=delay)
        self._enter(job, verb, now)
        return verb

    def rescue(self, job: ModelJob, is_once: bool, now: datetime) -> str:
        """Its worker is dead; returns what becomes of it. `is_once`: at most once."""
        if is_once or (job.has_begun and job.crashes + 1 >= MOST_CRASHES):
            verb = "failed"
        elif job.is_asked:
            verb = "cancelled"
        else:
            verb = "rescued" if job.has_begun else "released"
        job.runs[-1][1] = "released" if verb == "released" else "lost"
        job.crashes += verb != "released"
        job.rerun = job.rerun or ENTERS[verb] == QUEUED
        self._enter(job, verb, now)
        return verb

    def cancel(self, jobs: Sequence[ModelJob], now: datetime) -> None:
        """Somebody cancels those that do not run, and asks the others."""
        for job in jobs:
            if job.state == RUNNING and not job.is_asked:
                self._move(job, "cancel_requested", RUNNING, now)
            job.is_asked = True
        self._end([job for job in jobs if job.state != RUNNING], "cancelled", now)

    def expire(self, now: datetime) -> None:
        """Those are cancelled whose time is over."""
        over = [job for job in self.jobs.values() if job.has_expired(now) and not job.is_final]
        self._end(over, "cancelled", now)

    def retry(self, job: ModelJob, now: datetime) -> bool:
        """An operator queues it again. Whether its key was free."""
        if not self._take_again(job, now):
            return False
        if job.state == SUCCEEDED:
            job.sleeps_until = None
        job.max_attempts = max(job.max_attempts, job.attempt + 1)
        job.rerun, job.crashes, job.is_asked, job.is_for_parent = False, 0, False, False
        job.run_at, job.expires_at = now, None
        self._move(job, "retried", QUEUED, now)
        self._go_on(job, now)
        return True

    def delete(self, job: ModelJob) -> None:
        """It is gone, and its key is free."""
        del self.jobs[job.id]
        self.keys = {key: (holder, until) for key, (holder, until) in self.keys.items() if holder != job.id}

    def prune(self, before: datetime, now: datetime) -> None:
        """What ended before is gone, and keys whose time is over."""
        for job in [each for each in self.jobs.values() if each.finished_at and each.finished_at < before]:
            self.delete(job)
        self.keys = {key: held for key, held in self.keys.items() if held[1] is None or held[1] > now}

    def unmet(self, job: ModelJob) -> int:
        """For how many it has to wait."""
        found = (self.jobs[parent] for parent in job.parents if parent in self.jobs)
        return sum(
            not (each.state == SUCCEEDED or (each.is_final and job.on_dependency == "run")) for each in found
        )

    def _is_broken(self, job: ModelJob) -> bool:
        found = [self.jobs[parent].state for parent in job.parents if parent in self.jobs]
        return job.on_dependency == "cancel" and any(state in (FAILED, CANCELLED) for state in found)

    def _children(self, job: ModelJob) -> Iterator[ModelJob]:
        yield from [each for each in self.jobs.values() if job.id in each.parents]

    def _enter(self, job: ModelJob, verb: str, now: datetime) -> None:
        if ENTERS[verb] in FINAL:
            self._end([job], verb, now)
        else:
            self._move(job, verb, ENTERS[verb], now)

    def _end(self, jobs: Sequence[ModelJob], verb: str, now: datetime, for_parent: bool = False) -> None:
        for job in jobs:
            self._move(job, verb, ENTERS[verb], now)
            job.is_for_parent = for_parent
            if job.unique is not None and self.keys.get((job.task, job.unique)) == (job.id, None):
                del self.keys[job.task, job.unique]
        for child in [child for job in jobs for child in self._children(job)]:
            if child.state == WAITING and self._is_broken(child):
                self._end([child], "cancelled", now, for_parent=True)
            elif child.state == WAITING and not self.unmet(child):
                child.run_at = max(child.run_at, now)
                self._move(child, "unblocked", _by_time(child, now), now)

    def _go_on(self, job: ModelJob, now: datetime) -> None:
        for child in self._children(job):
            is_whole = all(parent in self.jobs for parent in child.parents) and not self._is_broken(child)
            if child.is_for_parent and is_whole and self._take_again(child, now):
                child.is_for_parent = False
                self._move(child, "restored", WAITING, now)
                self._go_on(child, now)

    def _take_again(self, job: ModelJob, now: datetime) -> bool:
        if job.unique is None:
            return True
        holder = self.holder(job.task, job.unique, now)
        if holder is None or holder is job:
            self.keys[job.task, job.unique] = job.id, None
        return holder is None or holder is job

    def _move(self, job: ModelJob, verb: str, state: str, now: datetime) -> None:
        job.events.append((verb, job.state or None, state, job.attempt))
        job.state, job.finished_at = state, now if state in FINAL else None
        if verb in ENTERS:
            self.counts[job.task, verb] += 1


def _by_time(job: ModelJob, now: datetime) -> str:
    return SCHEDULED if job.run_at > now else QUEUED
