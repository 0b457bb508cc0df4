"""`current_job`: a task's access to the run that it is in."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Final, ParamSpec, TypeVar, cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from ..clock import Clock
from ..errors import JobCancelled, JobTimeout
from ..run import Run
from ..serialization.encoding import loads
from ..values import File
from .cancellation import check
from .files import Content
from .logs import PACKAGE, TASKS, TaskLogger, buffer_of
from .reports import emitted_text, progress_report
from .steps import Steps
from .stores import Stores

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(PACKAGE)


class CurrentJob:
    """The job that runs in the current context.

    Outside a job `progress`, `emit`, `check` and `sleep` do nothing, `track` only iterates, `step` only
    calls, `stopping` is False, `log` is the package's logger, and everything else raises RuntimeError.
    `bool(current_job)` tells.
    """

    def __init__(
        self, run: Run | None = None, clock: Clock | None = None, stores: Stores | None = None
    ) -> None:
        self._run, self._clock, self._stores = run, clock or Clock(), stores

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
    def meta(self) -> Mapping[str, Any]:
        """The `meta` of its submission, a copy; empty where there was none."""
        return cast(Mapping[str, Any], loads(self._require_run("meta").meta or "{}"))

    @functools.cached_property
    def results(self) -> Sequence[Any]:
        """What those jobs returned that this one depended on, in order; None for one that did not succeed.

        Of a batch what each of its jobs returned. Raises LookupError where one was deleted.
        """
        job_id = self._require_run("results").job_id
        assert self._stores is not None
        return self._stores.read_results(job_id).values

    @property
    def time_left(self) -> float | None:
        """Seconds until the timeout (negative when past), None where the job has none."""
        deadline = self._require_run("time_left").deadline
        return None if deadline is None else deadline - self._clock.monotonic()

    @property
    def stopping(self) -> bool:
        """Whether the worker is draining: a long task should return Snooze now."""
        return self._run is not None and self._run.stop_requested

    @functools.cached_property
    def log(self) -> logging.Logger:
        """A logger named after the task; the job's log has all it says from INFO on, whatever its level."""
        return TaskLogger(f"{TASKS}{self._run.task}") if self._run else log

    def check(self) -> None:
        """A cancellation point: raises JobCancelled on request, JobTimeout past the deadline."""
        if self._run is not None:
            check(self._run, self._clock)

    def progress(
        self, current: float, total: float | None = None, message: str = "", data: Any = None
    ) -> None:  # fmt: skip
        """Report how far the job is; the latest report of each quarter of a second is stored.

        `data` is any JSON value of up to 4 KiB: TypeError for what JSON cannot hold, ValueError for more.
        """
        if self._run is not None:
            # One tuple in one assignment: the dispatcher reads it from another thread, without a lock.
            self._run.progress = progress_report(current, total, message, data)

    def emit(self, data: Any) -> None:
        """Add a value to the data of the job, which a stream of it shows: a part of a result, say.

        `data` is any JSON value of up to 16 KiB, in a run up to 10,000 values of a megabyte in all: TypeError
        for what JSON cannot hold, ValueError for more.
        """
        if self._run is not None:
            buffer_of(self._run).emit(emitted_text(data))

    def thread(self, target: Callable[..., object], *args: Any, **kwargs: Any) -> threading.Thread:
        """Start a thread that calls `target` in this job, and return it: the task has to join it.

        `current_job` works there, what is logged is the job's, and it has an app context and a database
        session of its own. An exception ends that thread alone, and is logged.
        """
        context = contextvars.copy_context()
        app: Flask | None = current_app._get_current_object() if current_app else None  # type: ignore[attr-defined]

        def call() -> None:
            try:
                # A context of its own: Flask-SQLAlchemy finds sessions by it, and none is for two threads.
                with contextlib.nullcontext() if app is None else app.app_context():
                    target(*args, **kwargs)
            except (JobCancelled, JobTimeout):
                pass  # its next cancellation point tells the task
            except Exception:
                self.log.exception("a thread of the task raised")

        thread = threading.Thread(
            target=context.run, args=(call,), name=f"simmer {target!r:.100}", daemon=True
        )
        thread.start()
        return thread

    def track(self, items: Iterable[T], total: float | None = None, message: str = "") -> Iterator[T]:
        """Iterate over `items` with progress and a cancellation point at every step."""
        return iter(items) if self._run is None else self._track(items, total, message)

    def step(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function(*args, **kwargs)` returned: stored before this returns, and not done again.

        A later run of the job gets what is stored, and so does this one: as JSON gives it back. `name`, of 1
        to 200 characters, is used once in a run. A cancellation point. Raises what `function` raises, with
        nothing stored, ResultNotSerializable, ResultTooLarge, OpenTransaction, DatabaseUnavailable.
        """
        if self._steps is None:
            return function(*args, **kwargs)
        return cast(T, self._steps.call(name, function, *args, **kwargs))

    def sleep(self, seconds: float) -> None:
        """End this run and go on after `seconds`: the next run of the job passes by sleeps that are over.

        It is a step: what is not one is done again. A cancellation point.
        """
        if self._steps is not None:
            self._steps.sleep(seconds)

    def attach(self, content: Content, *, name: str | None = None, content_type: str | None = None) -> File:
        """Keep a file with the job: a path, bytes, or an open binary file, which is read to its end.

        `name` is that of a path where it is not given, `content_type` what the name's ending stands for. Of a
        name only the last part counts; it takes the place of a file of the job's with that name. Returns when
        it is stored. A cancellation point. Raises FileTooLarge, OSError, OpenTransaction,
        DatabaseUnavailable.
        """
        run = self._require_run("attach")
        self.check()
        assert self._stores is not None
        return self._stores.files.attach(run, content, name, content_type)

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

    @functools.cached_property
    def _steps(self) -> Steps | None:
        # Made by the first step: most jobs have none.
        if self._run is None or self._stores is None:
            return None
        return self._stores.steps_of(self._run, self._clock)

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
