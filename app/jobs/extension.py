"""The Flask extension: registers tasks, initialises apps, and delegates to the app's runtime."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, Unpack, overload

from flask import Flask

from .api import accepted, create_blueprint
from .api.access import requires
from .api.csrf import exempt_from_csrf
from .api.idempotency import accepted_once
from .api.problems import handle_errors, handle_simmer_error
from .api.requests import read_json_object
from .cli import jobs_cli
from .config import load_settings
from .current import KEY, current_runtime, has_runtime
from .database.connect import connect, host_database
from .errors import NotReady
from .job import Job, JobFilterWords, JobList
from .options import SubmitOptions, read_options
from .process.autostart import start_when_serving
from .process.forks import register_forkable
from .process.one_copy import refuse_second_copy
from .process.servers import Serving
from .runtime import Runtime
from .schedules.keywords import (
    CalendarWords,
    CronWords,
    DateWords,
    IntervalWords,
    OrWords,
    PolicyWords,
)  # fmt: skip
from .schedules.policy import Policy
from .schedules.triggers import Trigger
from .store.queries import JobFilters
from .tasks.decorators import Args, Decorators
from .tasks.task import Task
from .testing import Testing
from .values import Schedule

log = logging.getLogger(__name__)


class Simmer(Decorators):
    """Background jobs for Flask with nothing but the app's database.

    `Simmer(app)`, `Simmer(app, db)`, or `init_app` in a factory; one object serves several apps.
    """

    def __init__(self, app: Flask | None = None, db: Any = None) -> None:
        super().__init__(lambda: self.runtime.submissions)
        self.testing = Testing(lambda: self.runtime)
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: Any = None) -> None:
        """Initialise `app`: blueprint, commands, tables in the host's metadata, threads if it serves.

        Raises ConfigError listing all invalid settings, TaskDefinitionError for an invalid task.
        """
        refuse_second_copy()
        if has_runtime(app):
            raise RuntimeError("this app has a Simmer already: call init_app once for an app")
        settings, warnings = load_settings(app.config, app.config.get("JOBS_APP") or app.import_name)
        for warning in warnings:
            log.warning("%s", warning)
        self.registry.check()
        db = host_database(app, db)
        runtime = Runtime(app, self.registry, settings, connect(app, db, settings), db)
        app.extensions[KEY] = runtime
        if settings.api_prefix is not None:
            blueprint = create_blueprint(settings.api_prefix)
            app.register_blueprint(blueprint)
            exempt_from_csrf(app, blueprint)
        app.cli.add_command(jobs_cli)
        # Forks before threads: a server may fork the moment that it sees the app.
        register_forkable(runtime)
        if settings.autostart and runtime.database.runs_nothing is None:
            start_when_serving(app, runtime)

    # --- jobs -----------------------------------------------------------------------------------------

    @property
    def runtime(self) -> Runtime:
        """The runtime of the current app; raises NotReady outside an app context or without init_app."""
        runtime: Runtime = current_runtime()
        if runtime.registry is not self.registry:
            raise NotReady(
                f"the app {runtime.app.name!r} was not given to this Simmer: call jobs.init_app(app)"
            )
        return runtime

    def submit(
        self, task: str, args: Mapping[str, Any] | None = None, **options: Unpack[SubmitOptions]
    ) -> Job:
        """Submit a job of the task with that name; returns after its commit.

        With `session` the job joins the caller's transaction and exists if and only if that commits. Raises
        UnknownTask, InvalidArguments, TypeError, QueueFull, OpenTransaction, DatabaseUnavailable.
        """
        session = options.pop("session", None)
        return self.runtime.submissions.submit(task, args or {}, read_options(options), session=session)

    def get(self, job_id: str) -> Job:
        """The job as it is; raises JobNotFound."""
        return self.runtime.jobs.get(job_id)

    def wait(self, job_id: str, timeout: float) -> Job:
        """The job in its final state, or as it is after `timeout` seconds; raises JobNotFound."""
        return self.runtime.jobs.wait(job_id, timeout)

    def list(self, limit: int = 50, cursor: str | None = None, **filters: Unpack[JobFilterWords]) -> JobList:
        """A page of jobs, newest first, with `.next_cursor`. Filters: state, task, queue, tag, schedule_id,
        batch_id (one or several), created_after, created_before. Raises InvalidCursor, and ValueError for a
        limit below 1."""
        return self.runtime.jobs.page(JobFilters.of(filters), limit, cursor)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job, or request that a running one stops; raises JobNotFound, InvalidState."""
        return self.runtime.jobs.cancel(job_id)

    def retry(self, job_id: str) -> Job:
        """Queue a final job once more; raises JobNotFound, InvalidState."""
        return self.runtime.jobs.retry(job_id)

    def delete(self, job_id: str) -> None:
        """Delete a final job with its history; raises JobNotFound, InvalidState."""
        self.runtime.jobs.delete(job_id)

    # --- schedules ------------------------------------------------------------------------------------

    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["interval"] | timedelta, id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False, **words: Unpack[IntervalWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["cron"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False, **words: Unpack[CronWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["date"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False, **words: Unpack[DateWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["calendar"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False, **words: Unpack[CalendarWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["or"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False, **words: Unpack[OrWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Trigger | Mapping[str, Any], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False, **words: Unpack[PolicyWords],
    ) -> Schedule: ...  # fmt: skip

    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: str | timedelta | Mapping[str, Any] | Trigger,
        id: str | None = None, args: Args | None = None, paused: bool = False, replace: bool = False,
        **words: Any,
    ) -> Schedule:  # fmt: skip
        """Store a schedule; `trigger` is a dict as over HTTP, or words: `trigger="interval", seconds=30`.

        Also misfire, misfire_grace, max_running and jitter. With `replace` it takes the place of the one
        with its id, if there is one. Raises UnknownTask, InvalidArguments, ScheduleExists, ScheduleDeclared.
        """
        policy = {word: words.pop(word) for word in Policy.field_names() if word in words}
        name = task.name if isinstance(task, Task) else task
        wording = {
            "task": name,
            "trigger": _trigger_dict(trigger, words),
            "args": args or {},
            "paused": paused,
        }
        schedules = self.runtime.schedules
        if replace and id is not None:
            return schedules.replace(id, {**wording, **policy})[0]
        return schedules.add(id, {**wording, **policy})

    def get_schedule(self, schedule_id: str) -> Schedule:
        """The schedule as it is; raises ScheduleNotFound."""
        return self.runtime.schedules.get(schedule_id)

    def pause_schedule(self, schedule_id: str) -> Schedule:
        """Stop firing until it is resumed; raises ScheduleNotFound."""
        return self.runtime.schedules.pause(schedule_id)

    def resume_schedule(self, schedule_id: str) -> Schedule:
        """Fire again, from the next fire time on; raises ScheduleNotFound."""
        return self.runtime.schedules.resume(schedule_id)

    def run_schedule(self, schedule_id: str) -> Job:
        """Submit its job now; raises ScheduleNotFound, QueueFull."""
        return self.runtime.schedules.run(schedule_id)

    def remove_schedule(self, schedule_id: str) -> None:
        """Delete it; its jobs stay. Raises ScheduleNotFound."""
        self.runtime.schedules.remove(schedule_id)

    # --- the process ----------------------------------------------------------------------------------

    def start(self, server_threads: int | None = None) -> None:
        """Start running jobs in this process; no effect if it does already, or with the role web."""
        self.runtime.start(Serving("start()", server_threads))

    def stop(self, timeout: float | None = None) -> None:
        """Drain: wait up to `timeout` seconds (SHUTDOWN_GRACE) for running jobs, release the rest."""
        self.runtime.stop(timeout)

    def init_db(self) -> None:
        """Create missing tables; safe in several processes at the same time."""
        self.runtime.database.create_tables()

    requires = staticmethod(requires)
    accepted = staticmethod(accepted)
    accepted_once = staticmethod(accepted_once)
    problem = staticmethod(handle_simmer_error)
    handle_errors = staticmethod(handle_errors)
    read_json = staticmethod(read_json_object)


def _trigger_dict(trigger: Any, words: Mapping[str, Any]) -> Any:
    """The trigger and the keywords beside it as one dict; other types are left to the trigger's check."""
    if isinstance(trigger, str):
        trigger = {"type": trigger}
    elif isinstance(trigger, timedelta):
        trigger = {"type": "interval", "seconds": trigger}
    elif words and isinstance(trigger, Trigger):
        trigger = trigger.as_dict()
    return {**trigger, **words} if isinstance(trigger, Mapping) else trigger
