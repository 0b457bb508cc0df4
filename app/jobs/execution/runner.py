"""Runs one job: a fresh app context, the call of the task, and an Outcome. No threads, no SQL."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from flask import Flask

from ..checks import is_seconds
from ..clock import Clock
from ..config import Settings
from ..errors import InvalidArguments, JobCancelled, JobTimeout, ResultNotSerializable, ResultTooLarge
from ..process.logs import get_logger
from ..process.signals import exit_child
from ..run import Cancel, Failure, Outcome, Run, Snooze
from ..serialization.encoding import dumps, stored
from ..serialization.redaction import redactor_of
from ..serialization.text import storable
from ..tasks import backoff as backoffs
from ..tasks.registry import Registry, TaskDefinition
from .current_job import CurrentJob, ReadResults, set_current_job
from .failure import describe_exception, is_interpreter_closing

log = get_logger(__name__)
SHORTEST_SNOOZE: Final = 0.1
"""Seconds: a job that snoozes for less would claim and release itself in a circle."""


class Runner:
    """Calls the tasks of one app; an error in one run ends that run only."""

    def __init__(
        self, app: Flask, registry: Registry, settings: Settings, clock: Clock, read_results: ReadResults
    ) -> None:
        self._app, self._registry, self._settings, self._clock = app, registry, settings, clock
        self._read_results = read_results

    def run(self, run: Run) -> Outcome:
        """Call the task of `run` and return its outcome. Never raises.

        In an empty contextvars context and a fresh app context, without a request.
        """
        run.thread, run.started_at = threading.get_ident(), self._clock.now()
        # From now on: the wait for a thread is not part of the timeout.
        run.deadline = None if run.timeout is None else self._clock.monotonic() + run.timeout
        outcome = contextvars.Context().run(self._run_in_app, run)
        run.thread = None
        # On the clock of the deadline: one that is set while the task runs makes nobody late.
        if run.deadline is not None and not isinstance(outcome.cause, JobTimeout):
            run.overrun = run.overdue_seconds(self._clock.monotonic())
        return outcome

    def _run_in_app(self, run: Run) -> Outcome:
        outcome: Outcome | None = None
        close_session = _no_op
        try:
            context = self._app.app_context()
            context.push()
            try:
                close_session = self._session_closer()
                outcome = self._call_task(run)
            finally:
                # As Flask does after a request: the host's teardowns get the exception and an open session.
                context.pop(outcome.cause if outcome else None)
        except BaseException as error:
            # A teardown of the host's raised; the task itself has ended, so its outcome stands.
            log.exception("job %s (%s): a teardown of the app raised", run.job_id, run.task)
            outcome = outcome or Outcome("failed", failure=self._describe(run, error))
        finally:
            close_session()
        return outcome

    def _call_task(self, run: Run) -> Outcome:
        definition = self._registry.get(run.task)
        job = CurrentJob(run, self._clock, self._read_results)
        set_current_job(job)
        try:
            job.check()
            value = _call_in_this_process(definition.function, self._arguments(definition, run))
            return self._outcome_of(run, value)
        except JobCancelled as cancelled:
            return Outcome(
                "cancelled", reason=self._describe(run, cancelled).message or None, cause=cancelled
            )
        except BaseException as error:
            return _failure_outcome(definition, run, error, self._describe(run, error))

    def _arguments(self, definition: TaskDefinition, run: Run) -> dict[str, Any]:
        """The arguments as the schema loads them; raises InvalidArguments for a result that does not fit."""
        args, into = stored(run.args), run.result_into
        if into is None:
            return definition.arguments.load(args)
        found = self._read_results(run.job_id)
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
        try:
            args = stored(run.args)
        except ValueError:  # what was stored is no JSON: it is why the run failed
            args = {}
        return redactor_of(self._settings.redact).hide(text, args)

    def _outcome_of(self, run: Run, value: Any) -> Outcome:
        if isinstance(value, Snooze):
            return Outcome("snoozed", delay=_snooze_seconds(value.seconds))
        if isinstance(value, Cancel):
            return Outcome("cancelled", reason=self._hide(run, storable(value.reason)) or None)
        try:
            result = dumps(value, "result")
        except Exception as error:
            raise ResultNotSerializable(str(error)) from error
        if (size := len(result.encode())) > self._settings.max_result_bytes:
            raise ResultTooLarge(
                f"the result has {size} bytes, JOBS_MAX_RESULT_BYTES is"
                f" {self._settings.max_result_bytes}: store it elsewhere and return a reference"
            )
        return Outcome("succeeded", result=result)

    def _session_closer(self) -> Callable[[], None]:
        """A function that closes the job's session, whatever the host's teardowns do."""
        # Flask stops at the first teardown that raises. Flask-SQLAlchemy finds sessions by the id() of the
        # app context: one that is left behind is found by a later context at the same address, which then
        # commits rows that are not its own.
        db = self._app.extensions.get("sqlalchemy")
        if db is None:
            return _no_op
        scopes = db.session.registry
        if not isinstance(scopes.registry, dict):  # the host scopes its sessions by thread
            return lambda: _call_suppressed(db.session.remove)
        key = scopes.scopefunc()

        def close() -> None:
            # The key was taken inside the context: after its end scopefunc() raises.
            if session := scopes.registry.pop(key, None):
                _call_suppressed(session.close)

        return close


def _call_in_this_process(function: Callable[..., Any], args: dict[str, Any]) -> Any:
    """What the task returns. A child that it forked, and that comes back here, ends instead.

    Otherwise the child would go on in our pool's thread, with the parent's sockets and connections.
    """
    pid = os.getpid()
    try:
        return function(**args)
    finally:
        if os.getpid() != pid:
            exit_child(sys.exc_info()[1])


def _failure_outcome(
    definition: TaskDefinition, run: Run, error: BaseException, failure: Failure
) -> Outcome:  # fmt: skip
    # The task cannot go on, and is not at fault.
    if run.stop_requested and is_interpreter_closing(error):
        return Outcome("released", reason="the interpreter was closing", cause=error)
    retry_in = None
    if run.attempt < run.max_attempts and _is_retryable(error, definition.retry_on):
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


def _no_op() -> None:
    pass


def _call_suppressed(call: Callable[[], None]) -> None:
    with contextlib.suppress(Exception):
        call()


def _is_retryable(error: BaseException, retry_on: tuple[type[BaseException], ...]) -> bool:
    if isinstance(error, ResultNotSerializable | ResultTooLarge):
        return False
    # A timeout is a failure like any other, although it derives from BaseException.
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
