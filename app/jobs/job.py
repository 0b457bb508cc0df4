"""The frozen snapshot of a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypedDict

from .states import State, is_final

LinkRight = Literal["read", "cancel"]
"""What a link to a job may allow; each includes the one before."""
TO_READ: Final[tuple[LinkRight, ...]] = ("read",)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `percent` and `eta` (seconds) are None where `total` is not known.

    `data` is what the task reported beside it; `rate`, which the JSON does not show, is how far it came in a
    second of its run, None where that is not known.
    """

    current: float = 0
    total: float | None = None
    percent: float | None = None
    message: str = ""
    eta: float | None = None
    data: Any = None
    rate: float | None = None


NO_PROGRESS: Final = Progress()


@dataclass(frozen=True)
class Job:
    """A job as it was when it was read: values only, safe in any thread.

    The attributes are the names of the JSON; times are aware and UTC, durations are seconds.
    `args` and `meta` are as submitted, `result` is what the task returned, all three as JSON values.
    """

    id: str
    task: str
    queue: str
    state: State
    priority: int
    args: Mapping[str, Any]
    tags: tuple[str, ...]
    progress: Progress
    attempt: int
    max_attempts: int
    result: Any
    error: Mapping[str, str] | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    expires_at: datetime | None
    queued_seconds: float | None
    run_seconds: float | None
    schedule_id: str | None
    fire_time: datetime | None
    batch_id: str | None
    depends_on: tuple[str, ...]
    on_dependency: str
    unique_key: str | None
    worker: str | None
    engine: str | None
    version: int
    waiting_reason: str | None
    meta: Mapping[str, Any]

    @classmethod
    def of(cls, values: dict[str, Any]) -> Job:
        """As Job(**values), which sets each of its many attributes by a call of its own.

        They are to be in the order of the attributes, which is that of the JSON.
        """
        made = object.__new__(cls)
        object.__setattr__(made, "__dict__", values)
        return made

    @property
    def is_final(self) -> bool:
        """Whether the state is succeeded, failed or cancelled."""
        return is_final(self.state)

    def url(self, rights: Collection[LinkRight] = TO_READ, expires: float = 3600.0) -> str:
        """The path of a link by which a browser reads this one job, without a token, for `expires` seconds.

        With the right "cancel" it cancels it as well. Needs the app's SECRET_KEY and its context. Raises
        ConfigError without a key or an API, ValueError for another right or duration.
        """
        from .current import current_runtime  # it imports Flask, which a client of the API does without

        return str(current_runtime().job_url(self.id, rights, expires))


Texts = str | Collection[str]
"""One, or several that are joined by or."""


class JobFilterWords(TypedDict, total=False):
    """The words of `jobs.list`: different ones are joined by and.

    `args` and `meta` are dicts of a dotted path and the value, or several, that stands there.
    """

    state: State | Collection[State]
    task: Texts
    queue: Texts
    tag: Texts
    schedule_id: Texts
    batch_id: Texts
    created_after: datetime | None
    created_before: datetime | None
    started_after: datetime | None
    started_before: datetime | None
    finished_after: datetime | None
    finished_before: datetime | None
    args: Mapping[str, Any]
    meta: Mapping[str, Any]


class Stamp(NamedTuple):
    """The few attributes by which a poll tells whether a job has changed."""

    version: int
    state: str
    created_at: datetime
    run_at: datetime

    @property
    def is_final(self) -> bool:
        """Whether the state is succeeded, failed or cancelled."""
        return is_final(self.state)


class JobList(list[Job]):
    """A page of jobs; `next_cursor` is None on the last one."""

    next_cursor: str | None = None
