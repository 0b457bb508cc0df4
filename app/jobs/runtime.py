"""Everything that one app has of Flask-Simmer in one process, wired together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from flask import Flask

from . import service
from .clock import Clock, ManualClock
from .config import Settings
from .database.database import Database
from .database.notifier import Notifier
from .engines.base import Engine, OnEnd
from .engines.inline import InlineEngine
from .engines.thread import ThreadEngine, create_pool
from .errors import DatabaseUnavailable, TablesMissing
from .execution.runner import Runner
from .process.servers import Serving
from .process.supervisor import Supervisor
from .service import Jobs, Schedules, Status, Submissions
from .service.backlog import COUNTED_FOR, Backlog
from .service.job_factory import JobFactory
from .tasks.registry import Registry
from .ticker.pruner import Pruner
from .ticker.rescuer import Rescuer
from .ticker.scheduler import Scheduler
from .ticker.ticker import Ticker
from .worker.dispatcher import Dispatcher
from .worker.inline import InlineWorker

log = logging.getLogger(__name__)


class Runtime(service.Runtime):
    """`app.extensions["simmer"]`. Its threads belong to one process: after a fork there are none."""

    def __init__(
        self, app: Flask, registry: Registry, settings: Settings, database: Database, host_db: Any
    ) -> None:
        self.app, self.registry, self.settings, self.database = app, registry, settings, database
        self.clock = ManualClock() if settings.engine == "manual" else Clock()
        self.runner = Runner(app, registry, settings, self.clock)
        self.factory = JobFactory(registry, settings)
        self._host_db = host_db
        self.was_started = False
        self._begin_afresh()

    def _begin_afresh(self) -> None:
        self._lock = threading.Lock()
        self.notifier = Notifier()
        self.dispatcher: Dispatcher | None = None
        self.ticker: Ticker | None = None
        self.supervisor: Supervisor | None = None
        self.settings_of_threads = self.settings
        self.server_threads: int | None = None
        self.draining = False
        self._waits_for: str | None = None
        # A test's clock may stand still, and a count would then be new for ever.
        counted_for = COUNTED_FOR if self.settings.engine == "thread" else 0.0
        self.backlog = Backlog(self.database, self.settings.max_queued, self.clock, counted_for)
        self._make_use_cases()
        self.scheduler = self._new_scheduler()
        self.inline_worker = InlineWorker(
            make_engine=self._inline_engine, database=self.database, registry=self.registry,
            settings=self.settings, clock=self.clock, notifier=self.notifier,
        )  # fmt: skip

    def _make_use_cases(self) -> None:
        database, clock, registry = self.database, self.clock, self.registry
        self.jobs = Jobs(
            database=database, registry=registry, clock=clock, notifier=self.notifier, threads=self
        )
        self.submissions = Submissions(
            database=database, factory=self.factory, backlog=self.backlog, clock=clock, threads=self,
            host_db=self._host_db, runs_inline=self.settings.engine == "inline",
        )  # fmt: skip
        self.schedules = Schedules(
            database=database, factory=self.factory, submissions=self.submissions, clock=clock, threads=self
        )
        self.status = Status(database=database, registry=registry, clock=clock, threads=self)

    def start(self, serving: Serving, **overrides: Any) -> None:
        """Start this process's threads, once `serving` has made the app; does nothing where they run.

        `overrides` are settings that these threads have otherwise than the app (`flask jobs worker`).
        """
        self.was_started = True
        self.server_threads = serving.threads or self.server_threads
        settings = replace(self.settings, **overrides)
        if not settings.runs_jobs or settings.engine != "thread":
            return
        with self._lock:
            if self.supervisor is not None:
                return
            self.registry.check()
            self.settings_of_threads = settings
            self.supervisor = Supervisor(self, serving, settings.shutdown_grace)
            self.supervisor.start()

    def stop(self, timeout: float | None = None) -> None:
        """Drain and end the threads within `timeout` seconds (SHUTDOWN_GRACE); `start` starts afresh."""
        with self._lock:
            supervisor = self.supervisor
        if supervisor is not None:
            supervisor.stop(self.settings.shutdown_grace if timeout is None else timeout)
            with self._lock:
                self.supervisor = self.dispatcher = self.ticker = None
                self.draining = False

    @property
    def is_running(self) -> bool:
        """Whether the threads of this process were started and have not ended."""
        return self.supervisor is not None and self.supervisor.is_alive

    def is_idle(self) -> bool:
        """Whether the threads have done each duty once, and no job is left that they run or could claim.

        Raises DatabaseUnavailable.
        """
        if self.dispatcher is None or self.ticker is None or self.ticker.last_turn is None:
            return False
        return not self.status.has_work(self.dispatcher.id, self.settings_of_threads.queues)

    def can_start(self) -> bool:
        """Called by the supervisor: whether the tables are there. Says once that they are not."""
        try:
            problem = None if self.database.has_tables() else str(TablesMissing())
        except DatabaseUnavailable as error:
            problem = str(error)
        if problem is not None:
            self._wait_for(problem)
        return problem is None

    def _wait_for(self, problem: str, error: BaseException | None = None) -> None:
        if problem != self._waits_for:
            log.warning("no job runs yet: %s", problem, exc_info=error)
        self._waits_for = problem

    def start_threads(self) -> None:
        """Called by the supervisor."""
        settings = self.settings_of_threads
        self.dispatcher = Dispatcher(
            make_engine=self.create_engine, database=self.database, registry=self.registry,
            settings=settings, clock=self.clock, notifier=self.notifier,
        )  # fmt: skip
        self.scheduler = self._new_scheduler()
        duties = (
            Rescuer(self.dispatcher, self.database, self.settings, self.clock, self.notifier),
            self.scheduler,
            Pruner(self.database, self.settings, self.clock),
        )
        self.ticker = Ticker(duties, self.clock)
        try:
            self.dispatcher.start()
            self.ticker.start()
            self._waits_for = None
        except BaseException:
            self.end_threads()
            self.dispatcher = self.ticker = None
            raise

    def start_failed(self, error: BaseException) -> None:
        """Called by the supervisor: says once why no job runs yet."""
        self._wait_for(f"the threads cannot start: {error!r}", error)

    def create_engine(self, on_end: OnEnd) -> Engine:
        """Where the jobs of this process's worker run."""
        threads = self.settings_of_threads.threads
        pool = create_pool(self.app, threads)
        return ThreadEngine(pool, threads, run=self.runner.run, on_end=on_end, clock=self.clock)

    def _inline_engine(self, on_end: OnEnd) -> Engine:
        return InlineEngine(self.settings.engine, run=self.runner.run, on_end=on_end)

    def _new_scheduler(self) -> Scheduler:
        return Scheduler(
            app=self.settings.app, dispatcher=self.dispatcher, database=self.database, registry=self.registry,
            factory=self.factory, backlog=self.backlog, clock=self.clock,
        )  # fmt: skip

    def drain(self, grace: float, abort_requested: Callable[[], bool]) -> bool:
        """Called by the supervisor: claim no more and wait for what runs. Whether all of it ended."""
        self.draining = True
        return self.dispatcher is None or self.dispatcher.drain(grace, abort_requested)

    def end_threads(self) -> bool:
        """Called by the supervisor: put back what still runs. Whether no thread is stuck in a task."""
        if self.dispatcher is None or self.ticker is None:
            return True
        self.ticker.stop(0.5)
        return self.dispatcher.stop()

    def before_fork(self) -> None:
        """Keep this process's threads out of the database while it forks."""
        self.database.gate.close()

    def after_fork_in_parent(self) -> None:
        """Let them in again."""
        self.database.gate.open()

    def after_fork_in_child(self, serving: Serving | None) -> None:
        """No thread, no lock and no connection of the parent's; threads where a server forked to serve."""
        self.database.renew_after_fork()
        self._begin_afresh()
        if serving is not None and self.settings.autostart:
            self.start(serving)

    # --- LocalThreads: told by the use cases ----------------------------------------------------------

    def jobs_submitted(self, job_ids: Iterable[str]) -> None:
        """Jobs were committed: run them, or wake who does."""
        if self.settings.engine == "inline":
            for job_id in job_ids:
                self.inline_worker.run_to_end(job_id)
        elif self.dispatcher is not None:
            self.dispatcher.wake()

    def cancel_requested(self, job_id: str) -> None:
        """Pass it on if the job runs here; another process sees it in the database."""
        if self.dispatcher is not None:
            self.dispatcher.request_cancel(job_id)

    def schedules_changed(self) -> None:
        """Look at the schedules at once."""
        if self.ticker is not None:
            self.ticker.wake()

    def problems(self) -> dict[str, str]:
        """What is wrong with the threads of this process."""
        if self.draining:
            return {"worker": "draining"}
        if self.dispatcher is None or self.ticker is None or self._waits_for is not None:
            return {"worker": self._waits_for or "not started yet"} if self.supervisor else {}
        found = {}
        if not self.dispatcher.is_alive or not self.dispatcher.is_registered:
            found["worker"] = (
                "the dispatcher does not run" if self.dispatcher.is_registered else "not registered yet"
            )
        if not self.ticker.is_alive:
            found["ticker"] = "the ticker does not run"
        return found
