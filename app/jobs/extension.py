"""The extension: registers tasks, wires itself into an app, and passes every call on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar, cast, overload

from flask import Flask

from .api import accepted, create_blueprint
from .api.access import requires
from .api.csrf import exempt_from_csrf
from .cli import jobs_cli
from .config import load_settings
from .current import KEY, current_runtime, has_runtime
from .database.connect import connect, host_database
from .errors import InvalidArguments, NotReady, TaskDefinitionError
from .job import Job, JobList
from .process.autostart import start_when_serving
from .process.forks import begin_afresh_in_children
from .process.one_copy import refuse_second_copy
from .process.servers import Serving
from .runtime import Runtime
from .schedules.declaration import Declaration
from .schedules.policy import Policy
from .schedules.triggers import Trigger, TriggerError, parse_trigger
from .store.queries import JobFilters
from .tasks.options import SubmitOptions
from .tasks.registry import Registry, TaskDefinition
from .tasks.task import Task
from .testing import Testing
from .values import Schedule

log = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Any])


class Simmer:
    """Background jobs for Flask with nothing but the app's database.

    `Simmer(app)`, `Simmer(app, db)`, or `init_app` in a factory; one object serves several apps.
    """

    def __init__(self, app: Flask | None = None, db: Any = None) -> None:
        self.registry = Registry()
        self.testing = Testing(lambda: self.runtime)
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: Any = None) -> None:
        """Wire into `app`: blueprint, commands, tables in the host's metadata, threads where it serves.

        Raises ConfigError listing every wrong setting, TaskDefinitionError for a task that cannot be.
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
        begin_afresh_in_children(runtime)
        if settings.autostart:
            start_when_serving(app, runtime)

    # --- tasks ----------------------------------------------------------------------------------------

    @overload
    def task(self, name: Callable[..., Any], /) -> Task[..., Any]: ...
    @overload
    def task(
        self, name: str | None = None, /, **options: Any
    ) -> Callable[[Callable[..., Any]], Task[..., Any]]: ...

    def task(self, name: Any = None, /, **options: Any) -> Any:
        """Register a function as a task: `@jobs.task` or `@jobs.task("name", max_attempts=5, …)`.

        Options are schema, queue, priority, max_attempts, backoff, retry_on, timeout, on_interrupt and tags;
        the name defaults to the function's. Raises TaskDefinitionError.
        """
        if callable(name):
            return self._register(name, name.__name__, options)
        return lambda function: self._register(function, name or function.__name__, options)

    def schedule(
        self, trigger: str | timedelta | Trigger, /, *, id: str | None = None,
        args: Mapping[str, Any] | None = None,
        **words: Any,
    ) -> Callable[[Any], Task[..., Any]]:  # fmt: skip
        """Run a task or a plain function at a trigger's fire times: `@jobs.schedule("interval", seconds=30)`.

        `id` defaults to the task's name. Stored when a worker starts, retired when the code drops it. Words
        of the policy (misfire, misfire_grace, max_running, jitter) go beside those of the trigger.
        """
        policy_words = {word: words.pop(word) for word in Policy.words() if word in words}
        try:
            parsed, policy = parse_trigger(trigger, **words), Policy.of(policy_words)
        except TriggerError as error:
            raise TaskDefinitionError(f"schedule {id or ''}: {error.field}: {error}") from None
        except InvalidArguments as error:
            raise TaskDefinitionError(f"schedule {id or ''}: {error}") from None

        def declare(function: Any) -> Task[..., Any]:
            task = function if isinstance(function, Task) else cast("Task[..., Any]", self.task(function))
            self.registry.declare(Declaration(id or task.name, task.name, parsed, dict(args or {}), policy))
            return task

        return declare

    def _register(self, function: Callable[..., Any], name: str, options: dict[str, Any]) -> Task[..., Any]:
        for key in ("retry_on", "tags"):
            if key in options:
                value = options[key]
                options[key] = tuple(value) if isinstance(value, list | tuple | set) else (value,)
        try:
            definition = TaskDefinition(name, function, **options)
        except TypeError as error:
            raise TaskDefinitionError(f"task {name!r}: {error}") from None
        self.registry.add(definition)
        return Task(lambda: self.runtime.submissions, definition, function)

    # --- jobs -----------------------------------------------------------------------------------------

    @property
    def runtime(self) -> Runtime:
        """What the current app has of this; raises NotReady outside an app context or without init_app."""
        runtime: Runtime = current_runtime()
        if runtime.registry is not self.registry:
            raise NotReady(
                f"the app {runtime.app.name!r} was not given to this Simmer: call jobs.init_app(app)"
            )
        return runtime

    def submit(
        self, task: str, args: Mapping[str, Any] | None = None, *, session: Any = None, **options: Any
    ) -> Job:
        """Submit a job of the task with that name; returns after its commit.

        With `session` the job joins the caller's transaction and exists if and only if that commits. Raises
        UnknownTask, InvalidArguments, TypeError, QueueFull, OpenTransaction, DatabaseUnavailable.
        """
        return self.runtime.submissions.submit(task, args or {}, SubmitOptions.of(options), session=session)

    def get(self, job_id: str) -> Job:
        """The job as it is; raises JobNotFound."""
        return self.runtime.jobs.get(job_id)

    def wait(self, job_id: str, timeout: float) -> Job:
        """The job at its final state, or as it is after `timeout` seconds; raises JobNotFound."""
        return self.runtime.jobs.wait(job_id, timeout)

    def list(self, limit: int = 50, cursor: str | None = None, **filters: Any) -> JobList:
        """A page of jobs, newest first, with `.next_cursor`. Filters: state, task, queue, tag, schedule_id,
        batch_id (one or several), created_after, created_before. Raises InvalidCursor."""
        return self.runtime.jobs.page(JobFilters.of(filters), limit, cursor)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that does not run, ask a running one to stop; raises JobNotFound, InvalidState."""
        return self.runtime.jobs.cancel(job_id)

    def retry(self, job_id: str) -> Job:
        """Queue a final job once more; raises JobNotFound, InvalidState."""
        return self.runtime.jobs.retry(job_id)

    def delete(self, job_id: str) -> None:
        """Delete a final job with its history; raises JobNotFound, InvalidState."""
        self.runtime.jobs.delete(job_id)

    # --- schedules ------------------------------------------------------------------------------------

    def add_schedule(
        self, *, task: str, trigger: str | timedelta | Mapping[str, Any] | Trigger, id: str | None = None,
        args: Mapping[str, Any] | None = None, paused: bool = False, **words: Any,
    ) -> Schedule:  # fmt: skip
        """Store a schedule; `trigger` is a dict as over HTTP, or words: `trigger="interval", seconds=30`.

        Also misfire, misfire_grace, max_running and jitter. Raises InvalidArguments, ScheduleExists.
        """
        policy = {word: words.pop(word) for word in Policy.words() if word in words}
        wording = {"task": task, "trigger": _whole(trigger, words), "args": args or {}, "paused": paused}
        return self.runtime.schedules.add(id, {**wording, **policy})

    def get_schedule(self, schedule_id: str) -> Schedule:
        """The schedule as it is; raises ScheduleNotFound."""
        return self.runtime.schedules.get(schedule_id)

    def pause_schedule(self, schedule_id: str) -> Schedule:
        """Fire no more until resumed; raises ScheduleNotFound."""
        return self.runtime.schedules.pause(schedule_id)

    def resume_schedule(self, schedule_id: str) -> Schedule:
        """Go on with the next fire time; raises ScheduleNotFound."""
        return self.runtime.schedules.resume(schedule_id)

    def run_schedule(self, schedule_id: str) -> Job:
        """Submit its job now; raises ScheduleNotFound, QueueFull."""
        return self.runtime.schedules.run(schedule_id)

    def remove_schedule(self, schedule_id: str) -> None:
        """Delete it; its jobs stay. Raises ScheduleNotFound."""
        self.runtime.schedules.remove(schedule_id)

    # --- the process ----------------------------------------------------------------------------------

    def start(self, server_threads: int | None = None) -> None:
        """Run jobs in this process from now on; nothing happens where it does already, or with role web."""
        self.runtime.start(Serving("start()", server_threads))

    def stop(self, timeout: float | None = None) -> None:
        """Drain: wait up to `timeout` seconds (SHUTDOWN_GRACE) for running jobs, put the rest back."""
        self.runtime.stop(timeout)

    def init_db(self) -> None:
        """Create the tables that are missing; safe at the same time in several processes."""
        self.runtime.database.create_tables()

    requires = staticmethod(requires)
    accepted = staticmethod(accepted)


def _whole(trigger: Any, words: Mapping[str, Any]) -> Any:
    """A trigger with the words beside it, as one dict; what is no trigger is left for its check to refuse."""
    if isinstance(trigger, str):
        trigger = {"type": trigger}
    elif isinstance(trigger, timedelta):
        trigger = {"type": "interval", "seconds": trigger}
    elif words and isinstance(trigger, Trigger):
        trigger = trigger.as_dict()
    return {**trigger, **words} if isinstance(trigger, Mapping) else trigger
