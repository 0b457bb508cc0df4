"""`current_job`: a task's access to the run that it is in."""

from __future__ import annotations

import contextvars
import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Final, TypeVar, cast

from werkzeug.local import LocalProxy

from ..checks import is_number
from ..clock import Clock
from ..errors import JobCancelled, JobTimeout
from ..run import Run
from ..serialization.encoding import loads
from ..serialization.text import storable
from ..store.parents import Results

T = TypeVar("T")
ReadResults = Callable[[str], Results]
"""Reads what those returned that a job depends on."""
_PACKAGE: Final = __name__.removesuffix(".execution.current_job")
log = logging.getLogger(_PACKAGE)
MAX_MESSAGE_BYTES: Final = 1024
"""Bytes of a progress message that are stored."""
MAX_PROGRESS: Final = 1e15


class CurrentJob:
    """The job that runs in the current context.

    Outside a job `progress` and `check` do nothing, `track` only iterates, `stopping` is False, `log` is
    the package's logger, and everything else raises RuntimeError. `bool(current_job)` tells.
    """

    def __init__(
        self, run: Run | None = None, clock: Clock | None = None, read_results: ReadResults | None = None
    ) -> None:
        self._run, self._clock, self._read_results = run, clock or Clock(), read_results

    def __bool__(self) -> bool:
        return self._run is not None

    def __repr__(self) -> str:
        return f"<current_job {self._run.job_id}>" if self._run else "<current_job: outside a job>"

    @property
    def id(self) -> str:
        """The job's id."""
        return self._require_run("id").job_id

    @property
    def task(self) -> str:
        """The task's name."""
        return self._require_run("task").task

    @property
    def queue(self) -> str:
        """The job's queue."""
        return self._require_run("queue").queue

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._require_run("attempt").attempt

    @functools.cached_property
    def args(self) -> Mapping[str, Any]:
        """The arguments as they were submitted, a copy."""
        return cast(Mapping[str, Any], loads(self._require_run("args").args))

    @functools.cached_property
    def results(self) -> Sequence[Any]:
        """What those jobs returned that this one depended on, in order; None for one that did not succeed.

        Of a batch what each of its jobs returned. Raises LookupError where one was deleted.
        """
        job_id = self._require_run("results").job_id
        assert self._read_results is not None
        return self._read_results(job_id).values

    @property
    def time_left(self) -> float | None:
        """Seconds until the timeout (negative when past), None where the job has none."""
        deadline = self._require_run("time_left").deadline
        return None if deadline is None else deadline - self._clock.monotonic()

    @property
    def stopping(self) -> bool:
        """Whether the worker is draining: a long task should return Snooze now."""
        return self._run is not None and self._run.stop_requested

    @property
    def log(self) -> logging.Logger:
        """A logger named after the task."""
        return logging.getLogger(f"{_PACKAGE}.tasks.{self._run.task}") if self._run else log

    def check(self) -> None:
        """A cancellation point: raises JobCancelled on request, JobTimeout past the deadline."""
        if self._run is None:
            return
        if self._run.cancel_requested:
            raise JobCancelled("cancelled on request")
        left = self.time_left
        if left is not None and left <= 0:
            raise JobTimeout("ran past its timeout")

    def progress(self, current: float, total: float | None = None, message: str = "") -> None:
        """Report how far the job is; the latest report of each quarter of a second is stored."""
        if self._run is not None:
            known_total = None if total is None else _number(total)
            # One tuple in one assignment: the dispatcher reads it from another thread, without a lock.
            self._run.progress = (_number(current), known_total, storable(message, MAX_MESSAGE_BYTES))

    def track(self, items: Iterable[T], total: float | None = None, message: str = "") -> Iterator[T]:
        """Iterate over `items` with progress and a cancellation point at every step."""
        return iter(items) if self._run is None else self._track(items, total, message)

    def _track(self, items: Iterable[T], total: float | None, message: str) -> Iterator[T]:
        if total is None and isinstance(items, Sized):
            total = len(items)
        for done, item in enumerate(items):
            self.check()
            self.progress(done, total, message)
            yield item
            self.progress(done + 1, total, message)
        # After the last item too: a request that came while it was processed still counts.
        self.check()

    def _require_run(self, name: str) -> Run:
        if self._run is None:
            raise RuntimeError(f"current_job.{name} needs a running job: test bool(current_job) first")
        return self._run


_OUTSIDE: Final = CurrentJob()
# Not threading.local: a task may copy its context into threads of its own, and they see its job.
_active: contextvars.ContextVar[CurrentJob] = contextvars.ContextVar("simmer_job", default=_OUTSIDE)


def set_current_job(job: CurrentJob) -> None:
    """Make `job` the current one in this context."""
    _active.set(job)


current_job: CurrentJob = cast(CurrentJob, LocalProxy(_active))


def _number(value: Any) -> float:
    if not is_number(value) or abs(value) > MAX_PROGRESS:
        raise TypeError(f"progress takes numbers, not {value!r}")
    return cast(float, value)
