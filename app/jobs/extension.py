"""The Flask extension: registers tasks, initialises apps, and delegates to the app's runtime."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Unpack

from flask import Flask

from .api import accepted, create_blueprint
from .api.access import requires
from .api.auth_with_job import with_job
from .api.csrf import exempt_from_csrf
from .api.idempotency import accepted_once
from .api.problems import handle_errors, handle_simmer_error
from .api.progress import add_template_globals
from .api.requests import read_json_object
from .cli import add_commands
from .config import load_settings
from .current import KEY, current_runtime, has_runtime
from .dashboard import create_dashboard
from .database.connect import connect, host_database
from .errors import NotReady
from .job import Job, JobFilterWords, JobList
from .options import SubmitOptions, read_options
from .process.autostart import start_when_serving
from .process.forks import register_forkable
from .process.logs import get_logger
from .process.one_copy import refuse_second_copy
from .process.servers import Serving
from .runtime import Runtime
from .schedules import apscheduler_keys
from .service import bulk, webhooks
from .service.composition_methods import CompositionMethods
from .service.control_methods import ControlMethods
from .service.edits import JobChanges
from .service.schedule_methods import ScheduleMethods
from .store.job_filters import JobFilters
from .tasks.decorators import Decorators
from .testing import Testing
from .values import BulkResult, Explanation, File, Finding, LogPage, Step, StreamEvent

log = get_logger(__name__)


class Simmer(Decorators, ScheduleMethods, ControlMethods, CompositionMethods):
    """Background jobs for Flask with nothing but the app's database.

    `Simmer(app)`, `Simmer(app, db)`, or `init_app` in a factory; one object serves several apps.
    """

    def __init__(self, app: Flask | None = None, db: Any = None) -> None:
        super().__init__(lambda: self.runtime.submissions, internal=(bulk.TASK, webhooks.TASK))
        self.testing = Testing(lambda: self.runtime)
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: Any = None) -> None:
        """Initialise `app`: blueprint, commands, tables in the host's metadata, threads if it serves.

        Raises ConfigError listing all invalid settings, TaskDefinitionError for an invalid task or schedule.
        """
        refuse_second_copy()
        if has_runtime(app):
            raise RuntimeError("this app has a Simmer already: call init_app once for an app")
        settings, warnings = load_settings(app.config)
        for warning in (*warnings, *apscheduler_keys.warnings(app.config)):
            log.warning("%s", warning)
        add_commands(app, settings.cli_group)
        self.registry.check()
        db = host_database(app, db)
        runtime = Runtime(app, self.registry, with_job(settings), connect(app, db, settings), db)
        app.extensions[KEY] = runtime
        if settings.api_prefix is not None:
            blueprint = create_blueprint(settings.api_prefix, settings.cors_origins)
            app.register_blueprint(blueprint)
            exempt_from_csrf(app, blueprint)
        if settings.ui_prefix is not None:
            dashboard = create_dashboard(settings.ui_prefix)
            app.register_blueprint(dashboard)
            exempt_from_csrf(app, dashboard)
        add_template_globals(app)
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
        given = {} if args is None else args
        return self.runtime.submissions.submit(task, given, read_options(options), session=session)

    def get(self, job_id: str) -> Job:
        """The job as it is; raises JobNotFound."""
        return self.runtime.jobs.get(job_id)

    def explain(self, job_id: str) -> Explanation:
        """Why it waits, and about when it begins and ends; raises JobNotFound."""
        return self.runtime.explanations.explain(self.get(job_id))

    def wait(self, job_id: str, timeout: float) -> Job:
        """The job in its final state, or as it is after `timeout` seconds; raises JobNotFound."""
        return self.runtime.jobs.wait(job_id, timeout)

    def list(self, limit: int = 50, cursor: str | None = None, **filters: Unpack[JobFilterWords]) -> JobList:
        """A page of jobs, newest first, with `.next_cursor`. Filters: state, task, queue, tag, schedule_id,
        batch_id (one or several), created_after, created_before, started_…, finished_…, and by JSON
        args={"customer.id": 7}, meta={…}: then a page may have fewer jobs while `.next_cursor` leads on.
        Raises InvalidCursor, and ValueError for a limit below 1, what is not a state or not a path."""
        return self.runtime.jobs.page(JobFilters.of(filters), limit, cursor)

    def cancel(self, job_id: str, *, by: str | None = None) -> Job:
        """Cancel a job, or request that a running one stops; raises JobNotFound, InvalidState.

        `by` says in whose name, here and in what follows: the events show it.
        """
        return self.runtime.jobs.cancel(job_id, by=by)

    def retry(self, job_id: str, *, by: str | None = None) -> Job:
        """Queue a final job once more; raises JobNotFound, InvalidState."""
        return self.runtime.jobs.retry(job_id, by=by)

    def delete(self, job_id: str) -> None:
        """Delete a final job with its history; raises JobNotFound, InvalidState."""
        self.runtime.jobs.delete(job_id)

    def steps(self, job_id: str) -> Sequence[Step]:
        """Its finished steps and its sleeps, in the order in which they began; raises JobNotFound."""
        return [step for step, _ in self.runtime.jobs.steps(job_id)]

    def files(self, job_id: str) -> Sequence[File]:
        """The files that it attached, by name; raises JobNotFound."""
        return self.runtime.files.files_of(job_id)

    def open_file(self, job_id: str, name: str) -> BinaryIO:
        """The content of one of them, to be read and closed; raises JobNotFound, FileNotFound."""
        return self.runtime.files.open(job_id, name)[1]

    def update(self, job_id: str, *, by: str | None = None, **changes: Unpack[JobChanges]) -> Job:
        """Change priority, queue, run_at, tags or args, each as a whole, of a job that has not begun.

        A `run_at` that has passed means now. Raises JobNotFound, InvalidState, InvalidArguments.
        """
        return self.runtime.edits.edit(job_id, changes, by=by)

    def cancel_many(
        self, ids: Collection[str] | None = None, *, dry_run: bool = False, by: str | None = None,
        **filters: Unpack[JobFilterWords],
    ) -> BulkResult:  # fmt: skip
        """Cancel, or ask to stop, the jobs of `ids` or those that the filters of `list` name.

        With `dry_run` it only counts. More than 1,000 are left to a job of its own, the result's `.job`.
        Raises InvalidArguments where nothing is named.
        """
        return self.runtime.bulk.act("cancel", filters, ids, dry_run, by=by)

    def retry_many(
        self, ids: Collection[str] | None = None, *, dry_run: bool = False, by: str | None = None,
        **filters: Unpack[JobFilterWords],
    ) -> BulkResult:  # fmt: skip
        """Queue once more those of them that are final; as `cancel_many`."""
        return self.runtime.bulk.act("retry", filters, ids, dry_run, by=by)

    def delete_many(
        self, ids: Collection[str] | None = None, *, dry_run: bool = False, by: str | None = None,
        **filters: Unpack[JobFilterWords],
    ) -> BulkResult:  # fmt: skip
        """Delete those of them that are final, with their history; as `cancel_many`."""
        return self.runtime.bulk.act("delete", filters, ids, dry_run, by=by)

    def logs(self, job_id: str, after: str | None = None, level: str | None = None) -> LogPage:
        """What a job has logged, a page behind the cursor `after`; with `level` only from that one on.

        Levels are "debug" to "critical". `.next_cursor` leads on; `.is_last` says that the job has ended and
        nothing more comes. Raises JobNotFound, InvalidCursor, and ValueError for what is not a level.
        """
        return self.runtime.logs.read(job_id, after, level)

    def stream(self, job_id: str, after: str | None = None) -> Iterator[StreamEvent]:
        """What happens to a job, as it happens, until it is final: its states, progress, log and data.

        It begins with the state as it is, or behind the event of the id `after`. Raises JobNotFound,
        InvalidCursor, and while it is read DatabaseUnavailable; RuntimeError inside a job.
        """
        return self.runtime.streams.follow(job_id, after)

    # --- the process ----------------------------------------------------------------------------------

    def start(self, server_threads: int | None = None) -> None:
        """Start running jobs in this process; no effect if it does already, or with the role web."""
        self.runtime.start(Serving("start()", server_threads, answers_http=False))

    def stop(self, timeout: float | None = None) -> None:
        """Drain: wait up to `timeout` seconds (SHUTDOWN_GRACE) for running jobs, release the rest."""
        self.runtime.stop(timeout)

    def init_db(self) -> None:
        """Create the tables, and add what those of an earlier version lack; safe in several processes."""
        self.runtime.database.create_tables()

    def doctor(self) -> Sequence[Finding]:
        """What is wrong with the installation, or will be, each with a hint; changes and raises nothing."""
        from .service.doctor import examine  # many modules, for a moment's use

        return examine(self.runtime)

    requires = staticmethod(requires)
    accepted = staticmethod(accepted)
    accepted_once = staticmethod(accepted_once)
    problem = staticmethod(handle_simmer_error)
    handle_errors = staticmethod(handle_errors)
    read_json = staticmethod(read_json_object)
