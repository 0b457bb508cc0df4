"""The runtime of one app in one process: creates and connects its parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask

from .api import load_views
from .api.access import warn_if_unprotected
from .api.links import job_url
from .clock import Clock, ManualClock
from .config import Settings
from .database.connect import ORDER
from .database.database import Database
from .database.notifier import Notifier
from .engines.base import Engine, OnEnd
from .engines.inline import InlineEngine
from .engines.thread import ThreadEngine, create_pool
from .errors import ConfigError, DatabaseUnavailable
from .execution.receivers import Receivers
from .execution.runner import Runner
from .execution.stores import Stores
from .process.logs import get_logger
from .process.servers import Serving
from .process.supervisor import Supervisor
from .service.job_factory import JobFactory
from .service.job_signals import JobSignals
from .service.steps import StoredSteps
from .service.use_cases import UseCases
from .tasks.registry import Registry
from .ticker.duties import create_duties
from .ticker.scheduler import Scheduler
from .ticker.ticker import Ticker
from .worker.dispatcher import Dispatcher
from .worker.inline import InlineWorker

log = get_logger(__name__)


class Runtime(UseCases):
    """`app.extensions["simmer"]`. Its threads belong to one process: a fork has none."""

    def __init__(
        self, app: Flask, registry: Registry, settings: Settings, database: Database, host_db: Any
    ) -> None:
        self.app, self.registry, self.settings, self.database = app, registry, settings, database
        self.clock = ManualClock() if settings.engine == "manual" else Clock()
        self._receivers = Receivers(app)
        self.signals = JobSignals(self._receivers, database)
        self.factory = JobFactory(registry, settings)
        self._host_db = host_db
        self.was_started = False
        self._reset_process_state()

    def _reset_process_state(self) -> None:
        # New locks, not released ones: in a forked child the thread that held one does not exist.
        self._lock = threading.Lock()
        self.notifier = Notifier()
        self.dispatcher: Dispatcher | None = None
        self.ticker: Ticker | None = None
        self.supervisor: Supervisor | None = None
        self.worker_settings = self.settings
        self.server_threads: int | None = None
        self._server_stops: Callable[[], bool] = lambda: False
        self._drain_requested = threading.Event()
        self._start_problem: str | None = None
        self.create_use_cases(self, self._host_db, Path(self.app.instance_path))
        sleeps = self.settings.engine != "inline"  # which ignores delays
        steps = StoredSteps(self.database, self._host_db)
        stores = Stores(steps, self.files, self.settings.max_result_bytes, sleeps, self.jobs.results)
        self.runner = Runner(
            self.app, self.registry, self.settings, self.clock, stores, on_start=self.signals.started
        )
        self.scheduler = self._new_scheduler()
        self.inline_worker = InlineWorker(
            make_engine=self._inline_engine, database=self.database, registry=self.registry,
            settings=self.settings, clock=self.clock, notifier=self.notifier, signals=self.signals,
        )  # fmt: skip

    def start(self, serving: Serving, **overrides: Any) -> None:
        """Start this process's threads, once the server has created the app; no effect if they run.

        `overrides` are settings of these threads that differ from the app's (`flask jobs worker`).
        """
        if serving.answers_http and not self.was_started:
            warn_if_unprotected(self.app, self.settings)
        self.was_started = True
        self.server_threads = serving.threads or self.server_threads
        if serving.answers_http:
            self._server_stops = serving.is_stopping
        settings = replace(self.settings, **overrides)
        if not settings.runs_jobs or settings.in_caller:
            return
        self.database.check_can_run()
        with self._lock:
            if self.supervisor is not None:
                return
            self.registry.build()
            if serving.answers_http:
                load_views(self.app)
            self.worker_settings = settings
            self.supervisor = Supervisor(self, serving, settings.shutdown_grace)
            self.supervisor.start()

    def stop(self, timeout: float | None = None) -> None:
        """Drain and end the threads within `timeout` seconds (SHUTDOWN_GRACE); `start` starts new ones."""
        # Outside the lock: a drain may take the whole grace, and callers of `start` would wait for it.
        with self._lock:
            supervisor = self.supervisor
        if supervisor is not None:
            supervisor.stop(self.settings.shutdown_grace if timeout is None else timeout)
            with self._lock:
                if self.supervisor is supervisor:  # else somebody has started afresh meanwhile
                    self.supervisor = self.dispatcher = self.ticker = None
                    # A new one: whoever waits for the old one must see it, however soon it is over.
                    self._drain_requested = threading.Event()

    job_url = staticmethod(job_url)

    @property
    def is_running(self) -> bool:
        """Whether the threads of this process were started and have not ended."""
        return self.supervisor is not None and self.supervisor.is_alive

    @property
    def draining(self) -> bool:
        """Whether the threads of this process drain, or its server is about to end."""
        return self.drain_check()()

    def drain_check(self) -> Callable[[], bool]:
        """A function that tells whether the process has begun to drain since now."""
        requested, server_stops = self._drain_requested, self._server_stops
        return lambda: requested.is_set() or server_stops()

    def is_idle(self) -> bool:
        """Whether the threads run no job and could claim none. Raises DatabaseUnavailable."""
        # After a turn of the ticker: its duties may rescue and schedule jobs.
        if self.dispatcher is None or self.ticker is None or self.ticker.last_turn is None:
            return False
        return not self.status.has_work(self.dispatcher.id, self.worker_settings.queues)

    def can_start(self) -> bool:
        """Called by the supervisor: whether the tables are there. Logs once what is missing."""
        try:
            self.check_order()
            self.database.check()
        except (ConfigError, DatabaseUnavailable) as error:
            self._wait_for(str(error))
            return False
        return True

    def _wait_for(self, problem: str, error: BaseException | None = None) -> None:
        if problem != self._start_problem:
            log.warning("no job runs yet: %s", problem, exc_info=error)
        self._start_problem = problem

    def start_threads(self) -> None:
        """Called by the supervisor."""
        settings = self.worker_settings
        self.dispatcher = Dispatcher(
            make_engine=self.create_engine, database=self.database, registry=self.registry,
            settings=settings, clock=self.clock, notifier=self.notifier, signals=self.signals,
        )  # fmt: skip
        self.scheduler = self._new_scheduler()
        duties = create_duties(
            self.dispatcher, self.scheduler, self.database, settings, self.clock, self.notifier, self.live,
            self.files, self._receivers, self.signals, self.factory,
        )  # fmt: skip
        self.ticker = Ticker(duties, self.clock)
        try:
            self.dispatcher.start()
            self.ticker.start()
            self._start_problem = None
        except BaseException:
            self.end_threads()
            self.dispatcher = self.ticker = None
            raise

    def start_failed(self, error: BaseException) -> None:
        """Called by the supervisor: says once why no job runs yet."""
        self._wait_for(f"the threads cannot start: {error!r}", error)

    def create_engine(self, on_end: OnEnd) -> Engine:
        """The engine of this process's worker."""
        threads = self.worker_settings.threads
        pool = create_pool(self.app, threads)
        return ThreadEngine(pool, threads, run=self.runner.run, on_end=on_end, clock=self.clock)

    def _inline_engine(self, on_end: OnEnd) -> Engine:
        return InlineEngine(self.settings.engine, run=self.runner.run, on_end=on_end)

    def _new_scheduler(self) -> Scheduler:
        return Scheduler(
            app=self.settings.app or self.app.name, dispatcher=self.dispatcher, database=self.database,
            registry=self.registry, factory=self.factory, backlog=self.backlog, clock=self.clock,
            jobs_app=self.settings.app, enabled=self.settings.schedules, timezone=self.settings.timezone,
            on_submitted=self.signals.submitted,
        )  # fmt: skip

    def drain(self, grace: float, abort_requested: Callable[[], bool]) -> bool:
        """Called by the supervisor: stop claiming, wait for running tasks. Whether all ended."""
        self._drain_requested.set()
        return self.dispatcher is None or self.dispatcher.drain(grace, abort_requested)

    def end_threads(self) -> bool:
        """Called by the supervisor: release running jobs. Whether no thread is stuck in a task."""
        if self.dispatcher is None or self.ticker is None:
            return True
        # The ticker first: a heartbeat after the worker's row is deleted would take the worker for dead.
        self.ticker.stop(0.5)
        return self.dispatcher.stop()

    def before_fork(self) -> None:
        """Keep this process's threads out of the database while it forks."""
        self.database.gate.close()

    def after_fork_in_parent(self) -> None:
        """Let them in again."""
        self.database.gate.open()

    def after_fork_in_child(self, serving: Serving | None) -> None:
        """Drop threads, locks and connections of the parent; start threads if a server forked to serve."""
        self.database.renew_after_fork()
        self._reset_process_state()
        if serving is not None and self.settings.autostart:
            self.start(serving)

    def check_order(self) -> None:
        """Raises ConfigError where Flask-SQLAlchemy came too late: jobs would live beside its database."""
        if self._host_db is None and "sqlalchemy" in self.app.extensions:
            raise ConfigError(ORDER)

    # --- LocalThreads: called by the use cases --------------------------------------------------------

    def jobs_submitted(self, job_ids: Iterable[str]) -> None:
        """Jobs were committed: run them inline, or wake the dispatcher."""
        if self.settings.engine == "inline":
            for job_id in job_ids:
                self.inline_worker.run_to_end(job_id)
        elif self.dispatcher is not None:
            self.dispatcher.wake()
        elif self.settings.role == "web":
            self.submission_warning.submitted()

    def cancel_requested(self, job_id: str) -> None:
        """Forward the request if the job runs here; another process reads it from the database."""
        if self.dispatcher is not None:
            self.dispatcher.request_cancel(job_id)

    def limits_changed(self) -> None:
        """Wake the dispatcher."""
        if self.dispatcher is not None:
            self.dispatcher.wake()

    def schedules_changed(self) -> None:
        """Wake the ticker."""
        if self.ticker is not None:
            self.ticker.wake()

    def problems(self) -> dict[str, str]:
        """The problems of this process's threads, by name."""
        if self.draining:
            return {"worker": "draining"}
        if self.dispatcher is None or self.ticker is None or self._start_problem is not None:
            return {"worker": self._start_problem or "not started yet"} if self.supervisor else {}
        hangs_after = 2 * self.worker_settings.heartbeat_seconds
        found = {"worker": self.dispatcher.problem(), "ticker": self.ticker.problem(hangs_after)}
        return {name: problem for name, problem in found.items() if problem is not None}
