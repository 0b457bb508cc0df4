"""Runs one job: a fresh app context, the call of the task, and an Outcome. No threads, no SQL."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from flask import Flask

from ..checks import is_seconds
from ..clock import Clock
from ..config import Settings
from ..errors import (
    FileTooLarge,
    InvalidArguments,
    JobCancelled,
    JobTimeout,
    ResultNotSerializable,
    ResultTooLarge,
)
from ..process.logs import get_logger
from ..run import Cancel, Failure, Outcome, Run, Snooze
from ..serialization.encoding import stored
from ..serialization.text import storable
from ..tasks import backoff as backoffs
from ..tasks.registry import Registry, TaskDefinition
from .around import call_wrapped
from .calls import call_in_this_process
from .current_job import CurrentJob, set_current_job
from .failure import describe_exception, is_interpreter_closing
from .logs import RunLog, log_into
from .results import encode_result
from .secrets import hider_of
from .sessions import session_closer
from .stdout import capture_stdout
from .steps import SleepBegun
from .stores import Stores

log = get_logger(__name__)
NEVER_RETRIED: Final = (ResultNotSerializable, ResultTooLarge, FileTooLarge)
"""What the next attempt would do again."""
SHORTEST_SNOOZE: Final = 0.1
"""Seconds: a job that snoozes for less would claim and release itself in a circle."""


class Runner:
    """Calls the tasks of one app; an error in one run ends that run only.

    `on_start` is called in the thread of each run, before its time begins to count; it never raises.
    """

    def __init__(
        self, app: Flask, registry: Registry, settings: Settings, clock: Clock, stores: Stores,
        on_start: Callable[[Run], None] = lambda run: None,
    ) -> None:  # fmt: skip
        self._app, self._registry, self._settings, self._clock = app, registry, settings, clock
        self._stores, self._on_start = stores, on_start

    def run(self, run: Run) -> Outcome:
        """Call the task of `run` and return its outcome. Never raises.

        In an empty contextvars context and a fresh app context, without a request.
        """
        run.thread = threading.get_ident()
        self._on_start(run)
        run.started_at = self._clock.now()
        # From now on: the wait for a thread is not part of the timeout.
        run.deadline = None if run.timeout is None else self._clock.monotonic() + run.timeout
        outcome = contextvars.Context().run(self._run_in_app, run)
        run.thread = None
        if run.deadline is not None and not isinstance(outcome.cause, JobTimeout):
            # On the clock of the deadline: one that is set while the task runs makes nobody late.
            now = self._clock.monotonic()
            run.overrun = run.describe_overrun(now) if run.overdue_seconds(now) else None
        return outcome

    def _run_in_app(self, run: Run) -> Outcome:
        outcome: Outcome | None = None
        close_session: Callable[[], None] | None = None
        try:
            context = self._app.app_context()
            context.push()
            try:
                close_session = session_closer(self._app)
                outcome = self._call_task(run)
            finally:
                # As Flask does after a request: the host's teardowns get the exception and an open session.
                context.pop(outcome.cause if outcome else None)
        except BaseException as error:
            # A teardown of the host's raised; the task itself has ended, so its outcome stands.
            log.exception("job %s (%s): a teardown of the app raised", run.job_id, run.task)
            outcome = outcome or Outcome("failed", failure=self._describe(run, error))
        finally:
            if close_session is not None:
                close_session()
        return outcome

    def _call_task(self, run: Run) -> Outcome:
        definition = self._registry.get_runnable(run.task)
        job = CurrentJob(run, self._clock, self._stores)
        set_current_job(job)
        log_into(log := RunLog(run, self._settings.redact))
        if self._settings.capture_stdout:
            capture_stdout()
        try:
            job.check()
            args = self._arguments(definition, run)
            return self._outcome_of(run, call_in_this_process(self._wrapped(definition, job, args)))
        except SleepBegun as sleep:
            return Outcome("snoozed", delay=max(SHORTEST_SNOOZE, sleep.seconds))
        except JobCancelled as cancelled:
            return Outcome(
                "cancelled", reason=self._describe(run, cancelled).message or None, cause=cancelled
            )
        except BaseException as error:
            return _failure_outcome(definition, run, error, self._describe(run, error))
        finally:
            if self._settings.capture_stdout:
                log.end_line()

    def _wrapped(
        self, definition: TaskDefinition, job: CurrentJob, args: dict[str, Any]
    ) -> Callable[[], Any]:
        """The call of the task, within the functions of `@jobs.around`, unless it is the package's own."""
        call = partial(definition.function, **args)
        wrappers = self._registry.wrappers
        if not wrappers or definition.name not in self._registry.tasks:
            return call
        return partial(call_wrapped, wrappers, job, call)

    def _arguments(self, definition: TaskDefinition, run: Run) -> dict[str, Any]:
        """The arguments as the schema loads them; raises InvalidArguments for a result that does not fit."""
        args, into = stored(run.args), run.result_into
        if into is None:
            return definition.arguments.load(args)
        found = self._stores.read_results(run.job_id)
        try:
            return definition.arguments.load({**args, into: found.argument})
        except InvalidArguments as error:
            words = f"the result that the argument {into!r} takes does not fit: {error}"
            raise InvalidArguments(error.errors, words) from None

    def _describe(self, run: Run, error: BaseException) -> Failure:
        """The exception as it is stored and logged, without the secrets of the job's arguments."""
        failure = describe_exception(error)
        return Failure(
            failure.type, self._hide(run, failure.message), self._hide(run, failure.traceback)
        )  # fmt: skip

    def _hide(self, run: Run, text: str) -> str:
        return hider_of(run, self._settings.redact)(text)

    def _outcome_of(self, run: Run, value: Any) -> Outcome:
        if isinstance(value, Snooze):
            return Outcome("snoozed", delay=_snooze_seconds(value.seconds))
        if isinstance(value, Cancel):
            return Outcome("cancelled", reason=self._hide(run, storable(value.reason)) or None)
        return Outcome("succeeded", result=encode_result(value, self._settings.max_result_bytes))


def _failure_outcome(
    definition: TaskDefinition, run: Run, error: BaseException, failure: Failure
) -> Outcome:  # fmt: skip
    # The task cannot go on, and is not at fault.
    if run.stop_requested and is_interpreter_closing(error):
        return Outcome("released", reason="the interpreter was closing", cause=error)
    retry_in = None
    # A run that has an outcome was ended as stuck: nothing follows from how its thread ends.
    if run.outcome is None and run.attempt < run.max_attempts and _is_retryable(error, definition):
        retry_in = _backoff_seconds(definition, run)
    then = "failed" if retry_in is None else f"failed, next attempt in {retry_in:.1f} s"
    _log_failure(
        error, failure, "job %s (%s): attempt %d of %d %s",
        run.job_id, run.task, run.attempt, run.max_attempts, then,
    )  # fmt: skip
    return Outcome("failed", failure=failure, retry_in=retry_in, cause=error)


def _log_failure(error: BaseException, failure: Failure, message: str, *values: Any) -> None:
    """Log the exception, by which error trackers group, with its traceback as it is stored."""
    if not log.isEnabledFor(logging.ERROR):
        return
    path, line, function, _ = log.logger.findCaller(stacklevel=2)
    exc_info = (type(error), error, error.__traceback__)
    record = log.logger.makeRecord(log.name, logging.ERROR, path, line, message, values, exc_info, function)
    # What formatters show of the exception: to format it themselves may raise or take megabytes.
    record.exc_text = failure.traceback or f"{failure.type}: {failure.message}"
    log.handle(record)


def _is_retryable(error: BaseException, definition: TaskDefinition) -> bool:
    if isinstance(error, (*NEVER_RETRIED, *definition.never_on)):
        return False
    # A timeout is a failure like any other, although it derives from BaseException.
    retry_on = definition.retry_on
    return isinstance(error, retry_on) or (isinstance(error, JobTimeout) and Exception in retry_on)


def _snooze_seconds(seconds: Any) -> float:
    if not is_seconds(seconds):
        raise ValueError(f"Snooze takes a number of seconds from 0 to ten years, not {seconds!r:.200}")
    return max(SHORTEST_SNOOZE, float(seconds))


def _backoff_seconds(definition: TaskDefinition, run: Run) -> float:
    try:
        return backoffs.delay(definition.options["backoff"], run.attempt)
    except BaseException:  # also SystemExit: the failure of the task stands
        log.exception("task %s: its backoff raised; exponential backoff is used instead", run.task)
        return backoffs.delay("exponential", run.attempt)
