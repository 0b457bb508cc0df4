"""One run of a job: one object from its claim to its outcome, and what a task may return to say which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any

from .log_buffer import LogBatch, LogBuffer

ProgressReport = tuple[float, float | None, str] | tuple[float, float | None, str, Any]
"""current, total and message as a task reported them, and its data (a JSON value) if it gave any."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Return it from a task to run again in `seconds`, under the same attempt number."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """Return it from a task to end the job as cancelled, with a reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as text that can be stored: its type's name, message and traceback."""

    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one run. `kind` is one of states.OUTCOMES.

    `result` is JSON text, for succeeded. `failure` and `retry_in` (seconds; None: no further attempt)
    belong to failed, `delay` (seconds) to snoozed, `reason` to cancelled and released. `cause` is the
    exception itself, for the teardowns of the host and an engine that may raise it in its caller. `stuck`:
    the run was ended while its thread goes on.
    """

    kind: str
    result: str | None = None
    failure: Failure | None = None
    retry_in: float | None = None
    delay: float = 0.0
    reason: str | None = None
    cause: BaseException | None = field(default=None, compare=False, repr=False)
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class FinishedStep:
    """A step of a job that does not run again, or a sleep, which is over at `finished_at`.

    `result` is JSON text, None of a sleep.
    """

    kind: str
    name: str
    result: str | None
    started_at: datetime
    finished_at: datetime


@dataclass(slots=True, eq=False)
class Run:
    """A claimed job: made by the store, run by an engine, completed by the store. Times are aware and UTC.

    `token` fences every write of this run. `args` and `meta` are JSON text, `timeout` in seconds, `number`
    counts the runs of the job from 1, `crashes` those that ended with their process; `run_at` is when it was
    due. `result_into` is the argument that takes the results of what the job depended on.
    """

    job_id: str
    task: str
    queue: str
    args: str
    attempt: int
    max_attempts: int
    timeout: float | None
    number: int
    worker: str
    token: str
    claimed_at: datetime
    run_at: datetime
    crashes: int = 0
    meta: str | None = None
    result_into: str | None = None
    # No lock: each attribute from here on has one writer. The thread of the task sets thread, started_at,
    # deadline, progress, log and overrun (whoever ends a stuck run, that too), the dispatcher all others.
    thread: int | None = None
    """The id of the thread that it is in; None before and after."""
    started_at: datetime | None = None
    deadline: float | None = None
    """The end of its timeout, on the monotonic clock."""
    overrun: str | None = None
    """How far the task went beyond its timeout or a request to cancel it, which it did not notice."""
    progress: ProgressReport | None = None
    log: LogBuffer | None = None
    """What it logged and is not stored yet; None where it has logged nothing."""
    start_recorded: bool = False
    progress_recorded: ProgressReport | None = None
    cancel_requested_at: float | None = None
    """When its worker was told that it is to be cancelled, on the monotonic clock."""
    stop_requested: bool = False
    """Whether its worker is draining."""
    outcome: Outcome | None = None
    finished_at: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Job and number: a run that was fenced off may still go on beside the next one of its job."""
        return self.job_id, self.number

    def overdue_seconds(self, now: float) -> float:
        """How far it is beyond its timeout at the monotonic time `now`; 0 within it, and without one."""
        return 0.0 if self.deadline is None else max(0.0, now - self.deadline)

    @property
    def cancel_requested(self) -> bool:
        """Whether the next cancellation point is to raise JobCancelled."""
        return self.cancel_requested_at is not None

    @property
    def should_end_at(self) -> float:
        """When its timeout ends or it was requested to be cancelled, on the monotonic clock; or infinity."""
        moments = (self.deadline, self.cancel_requested_at)
        return min((moment for moment in moments if moment is not None), default=inf)

    def describe_overrun(self, now: float) -> str | None:
        """How far it is beyond its timeout, or else beyond a request to cancel it; None where it is not."""
        if seconds := self.overdue_seconds(now):
            return f"{seconds:.3f} s beyond its timeout of {self.timeout:g} s"
        if self.cancel_requested_at is not None:
            return f"{now - self.cancel_requested_at:.3f} s beyond the request to cancel it"
        return None

    def unrecorded_progress(self) -> ProgressReport | None:
        """The latest progress, unless it is stored already."""
        # Read once, and compared by identity: the task may report again at any moment.
        report = self.progress
        return None if report is self.progress_recorded else report

    def unrecorded_log(self) -> LogBatch | None:
        """What it logged and is not stored yet."""
        return None if self.log is None else self.log.pending()
