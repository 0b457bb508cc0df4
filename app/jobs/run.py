"""One run of a job: one object from its claim to its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .outcomes import Outcome

ProgressReport = tuple[float, float | None, str]
"""current, total and message, as a task reported them."""


@dataclass(slots=True, eq=False)
class Run:
    """A claimed job: made by the store, run by an engine, completed by the store. Times are aware and UTC.

    `token` fences every write of this run. `args` is JSON text, `timeout` in seconds, `number` counts the
    runs of the job from 1, `crashes` those that ended with their process; `run_at` is when it came due.
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
    # No lock: each attribute from here on has one writer. The thread of the task sets started_at, deadline
    # and progress, the dispatcher all others.
    started_at: datetime | None = None
    deadline: float | None = None
    """The end of its timeout, on the monotonic clock."""
    progress: ProgressReport | None = None
    start_recorded: bool = False
    progress_recorded: ProgressReport | None = None
    cancel_requested: bool = False
    stop_requested: bool = False
    """Whether its worker is draining."""
    outcome: Outcome | None = None
    finished_at: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Job and number: a run that was fenced off may still go on beside the next one of its job."""
        return self.job_id, self.number

    def unrecorded_progress(self) -> ProgressReport | None:
        """The latest progress, unless it is stored already."""
        # Read once, and compared by identity: the task may report again at any moment.
        report = self.progress
        return None if report is self.progress_recorded else report
