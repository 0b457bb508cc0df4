"""Frozen values other than a job: schedules, workers, batches, queues; attributes are the JSON's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from .job import Job
from .states import FINAL


class Value:
    """The base class."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, in the order of the JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Value):
    """A stored schedule as it was when it was read. Times are aware and UTC, durations are seconds.

    `trigger` is the dict of HTTP, `declared_by` the name of the app whose code declares it; `next_fire_at` is
    None while it is paused and when no fire time is left. `updated_by` is the name of who changed it last,
    None where code did or that is not known.
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
    updated_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Value):
    """A process that runs jobs; `running` has the ids of its jobs, `queues` is None for all queues.

    `stuck` counts its threads that go on after their jobs were ended.
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
    stuck: int
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
class Step(Value):
    """A step of a job that is not run again, stored by the job's run of the number `run`.

    `kind` is "step" or "sleep", a sleep's `name` its number, and its `state` "sleeping" until `finished_at`;
    of all else the state is "succeeded". `result` is what the step returned, as a JSON value.
    """

    name: str
    kind: str
    state: str
    run: int
    result: Any
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Value):
    """A file that a job attached; `size` in bytes, `sha256` in hexadecimal digits."""

    name: str
    size: int
    content_type: str
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine(Value):
    """A line of a job's log; `seq` counts those of its run, `traceback` is that of its exception or None."""

    run: int
    attempt: int
    seq: int
    at: datetime
    level: str
    logger: str
    message: str
    traceback: str | None


class LogPage(list[LogLine]):
    """Lines of a job's log; `next_cursor` leads on behind them, also when there are none yet.

    `is_last`: the job is final, and all of its lines were read.
    """

    next_cursor: str = ""
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent(Value):
    """Something that happened to a job: `id` is the place behind it, from which another stream goes on.

    `type` says what `data` is: of "state" an entry of the job's events, of "progress" a Progress, of "log" a
    LogLine (in the client their JSON), of "data" what the task emitted, a JSON value.
    """

    id: str
    type: str
    data: Any

    @property
    def is_last(self) -> bool:
        """Whether it says that the job has ended."""
        return self.type == "state" and isinstance(self.data, Mapping) and self.data.get("to") in FINAL


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult(Value):
    """What an action on many jobs did: how many were named, and to how many of these it was applied.

    `job` is the one that applies it, where there are too many to do so at once; `affected` is 0 then.
    """

    matched: int
    affected: int
    job: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Value):
    """A queue: how many of its jobs are due and run, and since how many seconds the oldest waits.

    `concurrency` is how many may run at a time, None: any number; `workers` is how many live workers serve
    it; `changes` say who has set what, as `{setting, value, by, at}`.
    """

    name: str
    paused: bool
    queued: int
    running: int
    oldest_seconds: float | None
    concurrency: int | None
    workers: int
    changes: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedLimit(Value):
    """A limit that holds a job: the `concurrency` or `rate`, its `setting`, of the task or queue `name`.

    `value` is as the task says it, 2 or "100/m". Where it counts apart for each value of an argument, that is
    `arg` with the value `arg_value`. `held` is how many jobs count against it, `held_by` the ids of the first
    of those that run; `opens_at` is when a rate lets the next one go, None for concurrency.
    """

    setting: str
    kind: str
    name: str
    value: int | str
    arg: str | None
    arg_value: Any
    held: int
    held_by: tuple[str, ...]
    opens_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Value):
    """Why a job waits, and about when it begins and ends; what is None is not known, or has no meaning.

    `reason` is a code of a fixed list, None where the job runs or has ended, `detail` says it in words.
    `ahead` is how many due jobs are claimed before it, counted to 1,000. `starts_at` and `ends_at` are
    estimates, and `basis` says from what.
    """

    reason: str | None = None
    detail: str | None = None
    ahead: int | None = None
    limit: ReachedLimit | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Value):
    """What `doctor` found by one check: `level` is "ok", "warning" or "serious".

    `hint` says what to do about it; None where nothing has to be done.
    """

    check: str
    level: str
    what: str
    hint: str | None = None

    @classmethod
    def ok(cls, check: str, what: str) -> Finding:
        """Nothing has to be done."""
        return cls(check=check, level="ok", what=what)

    @classmethod
    def warning(cls, check: str, what: str, hint: str) -> Finding:
        """It works, but not as it should or not for long."""
        return cls(check=check, level="warning", what=what, hint=hint)

    @classmethod
    def serious(cls, check: str, what: str, hint: str) -> Finding:
        """Jobs do not run, are lost, or are open to others."""
        return cls(check=check, level="serious", what=what, hint=hint)
