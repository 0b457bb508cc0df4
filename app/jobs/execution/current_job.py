"""`current_job`: what a task can see of, and say to, the run that it is in."""

from __future__ import annotations

import contextvars
import functools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sized
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from ..checks import is_number
from ..clock import Clock
from ..errors import JobCancelled, JobTimeout
from ..serialization.encoding import loads
from ..serialization.text import storable

T = TypeVar("T")
_PACKAGE: Final = __name__.removesuffix(".execution.current_job")
log = logging.getLogger(_PACKAGE)
LONGEST_MESSAGE: Final = 1024
"""Bytes of a progress message that are stored."""

_active: contextvars.ContextVar[Run | None] = contextvars.ContextVar("simmer_run", default=None)


class Run:
    """One run of a job as its task sees it; the worker collects what it reports.

    `is_cancelled` and `stopping` become true when its task is asked to stop, for good or for the drain.
    """

    def __init__(
        self, *, id: str, task: str, args: str, attempt: int, queue: str, clock: Clock,
        timeout: float | None = None,
    ) -> None:  # fmt: skip
        self.id, self.task, self.attempt, self.queue = id, task, attempt, queue
        self.started_at: datetime | None = None
        self.is_cancelled = self.stopping = False
        self._args, self._clock = args, clock
        self._timeout, self._deadline = timeout, None if timeout is None else clock.monotonic() + timeout
        self._progress: tuple[float, float | None, str] | None = None
        self._taken: tuple[float, float | None, str] | None = None

    @functools.cached_property
    def args(self) -> Mapping[str, Any]:
        """The arguments as they were given; what a task does to them changes no job."""
        return cast(Mapping[str, Any], loads(self._args))

    @property
    def log(self) -> logging.Logger:
        """A logger named after the task."""
        return logging.getLogger(f"{_PACKAGE}.tasks.{self.task}")

    def start(self) -> None:
        """The task begins now: what it waited for a thread is not part of its timeout."""
        self.started_at = self._clock.now()
        self._deadline = None if self._timeout is None else self._clock.monotonic() + self._timeout

    @property
    def time_left(self) -> float | None:
        """Seconds until the timeout (negative when past), None where the job has none."""
        return None if self._deadline is None else self._deadline - self._clock.monotonic()

    def check(self) -> None:
        """A cancellation point: raises JobCancelled when asked to stop, JobTimeout past the deadline."""
        if self.is_cancelled:
            raise JobCancelled("cancelled on request")
        left = self.time_left
        if left is not None and left <= 0:
            raise JobTimeout("ran past its timeout")

    def progress(self, current: float, total: float | None = None, message: str = "") -> None:
        """Say how far the job is; the last word of each quarter of a second is stored."""
        whole = None if total is None else _number(total)
        self._progress = (_number(current), whole, storable(message, LONGEST_MESSAGE))

    def track(self, items: Iterable[T], total: float | None = None, message: str = "") -> Iterator[T]:
        """Iterate over `items` with progress and a cancellation point at every step."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        for done, item in enumerate(items):
            self.check()
            self.progress(done, total, message)
            yield item
            self.progress(done + 1, total, message)
        self.check()

    def ask_to_cancel(self) -> None:
        """Make the next cancellation point raise."""
        self.is_cancelled = True

    def ask_to_stop(self) -> None:
        """Tell the task that its worker is draining."""
        self.stopping = True

    def take_progress(self) -> tuple[float, float | None, str] | None:
        """The progress since the last call, once."""
        # The task alone writes one of the two and the taker the other: no word is lost between them.
        said = self._progress
        if said is self._taken:
            return None
        self._taken = said
        return said


def activate(run: Run) -> None:
    """Make `run` the current one in this context."""
    _active.set(run)


class CurrentJob:
    """A proxy for the run that the calling thread is in, so that a task stays a plain function.

    Outside a job `progress` and `check` do nothing, `track` only iterates, `stopping` is False, `log` is
    the package's logger, and everything else raises RuntimeError. `bool(current_job)` tells.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return _active.get() is not None

    def __repr__(self) -> str:
        run = _active.get()
        return f"<current_job {run.id}>" if run else "<current_job: outside a job>"

    def progress(self, current: float, total: float | None = None, message: str = "") -> None:
        """See Run.progress."""
        if run := _active.get():
            run.progress(current, total, message)

    def check(self) -> None:
        """See Run.check."""
        if run := _active.get():
            run.check()

    def track(self, items: Iterable[T], total: float | None = None, message: str = "") -> Iterator[T]:
        """See Run.track."""
        run = _active.get()
        return run.track(items, total, message) if run else iter(items)

    @property
    def stopping(self) -> bool:
        """See Run.stopping."""
        run = _active.get()
        return run is not None and run.stopping

    @property
    def log(self) -> logging.Logger:
        """A logger named after the task."""
        run = _active.get()
        return run.log if run else log

    @property
    def time_left(self) -> float | None:
        """See Run.time_left."""
        return self._run("time_left").time_left

    @property
    def id(self) -> str:
        """The job's id."""
        return self._run("id").id

    @property
    def task(self) -> str:
        """The task's name."""
        return self._run("task").task

    @property
    def queue(self) -> str:
        """The job's queue."""
        return self._run("queue").queue

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._run("attempt").attempt

    @property
    def args(self) -> Mapping[str, Any]:
        """The arguments as they were given."""
        return self._run("args").args

    def _run(self, name: str) -> Run:
        run = _active.get()
        if run is None:
            raise RuntimeError(
                f"current_job.{name} is only there while a job runs: test bool(current_job) first"
            )
        return run


current_job = CurrentJob()


def _number(value: Any) -> float:
    if not is_number(value) or abs(value) > 1e15:
        raise TypeError(f"progress takes numbers, not {value!r}")
    return cast(float, value)
