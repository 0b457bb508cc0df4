"""What responses hold that is none of the package's frozen values, as types that describe it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict

from ...states import State
from ...values import Explanation

Outcome = Literal["succeeded", "failed", "snoozed", "released", "lost", "cancelled"]
"""How a run can end: `states.OUTCOMES`."""
Decision = Literal["fired", "coalesced", "misfired", "skipped"]
"""What can become of a fire time."""


class Progress(TypedDict):
    """How far a job is; `percent` and `eta` (seconds) are null where `total` is not known."""

    current: float
    total: float | None
    percent: float | None
    message: str
    eta: float | None
    data: Any


class Failure(TypedDict):
    """The exception that ended an attempt."""

    type: str
    message: str


class FailureOfAttempt(Failure):
    """The same; `traceback` is for callers with the right `operate`."""

    traceback: NotRequired[str | None]


class Links(TypedDict):
    """Where the job's resources are, and what may be done with it now."""

    self: str
    result: str
    attempts: str
    events: str
    logs: str
    steps: str
    files: str
    stream: str
    cancel: NotRequired[str]
    retry: NotRequired[str]


class JobShown(TypedDict):
    """What a response shows of a job in another way than the value has it."""

    progress: Progress
    error: Failure | None
    links: Links | None


class JobExplained(TypedDict):
    """What `explain=1` adds to a job."""

    explain: NotRequired[Explanation]


class JobListed(TypedDict):
    """What a list shows of a job in another way: what is over 2 KiB is null, and named in `truncated`."""

    args: dict[str, Any] | None
    meta: dict[str, Any] | None
    truncated: list[Literal["args", "meta", "result"]]


class Counted(TypedDict):
    """A number; `capped`: there are at least so many."""

    value: int
    capped: bool


class OfJobPage(TypedDict):
    """What stands beside the items of a page of jobs."""

    next_cursor: str | None
    total: NotRequired[Counted]


class OfLogPage(TypedDict):
    """What stands beside the lines of a page of a log."""

    next_cursor: str


class Change(TypedDict):
    """What was set at run time, by whom and when."""

    setting: str
    value: Any
    by: str | None
    at: datetime


class Task(TypedDict):
    """A registered task; `args_schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    args_schema: dict[str, Any]
    queue: str
    max_attempts: int
    timeout: float | None
    paused: bool
    concurrency: int | list[int | str] | None
    rate: str | list[str] | None
    changes: list[Change]
    counts: Counted


class QueueShown(TypedDict):
    """What a response shows of a queue in another way than the value has it."""

    changes: list[Change]


class StepShown(TypedDict):
    """What a response adds to a step: a long result is null, and named here."""

    truncated: list[Literal["result"]]


class Attempt(TypedDict):
    """One claim of a job, and what became of the run."""

    run: int
    attempt: int
    outcome: Outcome | None
    worker: str | None
    claimed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: FailureOfAttempt | None


# By a call: a class cannot have a member named "from".
Event = TypedDict(
    "Event",
    {
        "id": int, "at": datetime, "type": str, "from": State | None, "to": State | None, "attempt": int,
        "worker": str | None, "reason": str | None, "by": str | None,
    },
)  # fmt: skip
Event.__doc__ = "One transition of a job."


class FireTime(TypedDict):
    """A decision about a fire time, or about `count` of them from this one on."""

    fire_time: datetime
    decision: Decision
    count: int
    job_id: str | None
    reason: str | None
    late_seconds: float | None
    decided_at: datetime
    by: str | None


class FireTimeToCome(TypedDict):
    """A fire time in UTC and in the trigger's zone; `note` where the clocks change."""

    at: datetime
    local: str
    note: NotRequired[str]


class Preview(TypedDict):
    """A trigger in words, and its next fire times."""

    description: str
    next: list[FireTimeToCome]


class BatchItem(TypedDict):
    """A job of a batch, by its place in the request."""

    index: int
    id: str
    state: State


class BatchAccepted(TypedDict):
    """What was stored of a batch."""

    batch_id: str
    accepted: int
    items: list[BatchItem]


class BulkResult(TypedDict):
    """How many jobs were named, and to how many of these the action was applied."""

    matched: int
    affected: int


class Thread(TypedDict):
    """What a thread of a worker does; `stack` is the lines of a traceback, the innermost call last."""

    thread: str | None
    job_id: str | None
    task: str | None
    started_at: datetime | None
    overdue: bool
    stuck: bool
    stack: list[str]


class Threads(TypedDict):
    """What the threads of a worker did at `taken_at`."""

    worker: str
    taken_at: datetime
    items: list[Thread]


class Live(TypedDict):
    """The process responds."""

    status: Literal["ok"]


class Check(TypedDict):
    """A check, and what is wrong or late."""

    ok: bool
    detail: NotRequired[str]
    overdue: NotRequired[list[str]]


class Ready(TypedDict):
    """Whether the process can serve; without the right `read` the status alone."""

    status: Literal["ok", "fail"]
    checks: NotRequired[dict[str, Check | bool]]
    warnings: NotRequired[dict[str, str]]


class Place(TypedDict):
    """A part of the request, as a JSON pointer in a fragment, and what is wrong with it."""

    pointer: str
    detail: str


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[Place]]
