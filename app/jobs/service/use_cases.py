"""The use cases of one app in one process, created and connected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..tasks.registry import Registry
from .backlog import COUNT_MAX_AGE, Backlog
from .batches import Batches
from .bulk import BulkActions
from .controls import MAX_AGE, RuntimeControls
from .edits import Edits
from .explanations import Explanations
from .files import Files
from .hold_reasons import HoldReasons
from .job_factory import JobFactory
from .job_signals import JobSignals
from .jobs import Jobs
from .live_workers import live_workers
from .logs import Logs
from .overview import Overview
from .queues import Queues
from .schedules import Schedules
from .status import Status
from .streams import Streams
from .submissions import Submissions
from .tasks import Tasks
from .threads import LocalThreads
from .unserved import SubmissionWarning
from .waiting_reason import WaitingReasons
from .webhooks import Webhooks


class UseCases:
    """A runtime has them as attributes; those that are declared here are to be set before."""

    settings: Settings
    registry: Registry
    database: Database
    clock: Clock
    notifier: Notifier
    factory: JobFactory
    signals: JobSignals

    def create_use_cases(self, threads: LocalThreads, host_db: Any, folder: Path) -> None:
        """Create all of them, for this process.

        `threads` are those of the process, `host_db` the app's Flask-SQLAlchemy or None; files are kept in
        `folder` unless JOBS_FILES says where.
        """
        database, clock, registry = self.database, self.clock, self.registry
        has_workers = not self.settings.in_caller
        # While a test's clock stands still a count would never expire.
        max_age = COUNT_MAX_AGE if has_workers else 0.0
        self.backlog = Backlog(database, self.settings.max_queued, clock, max_age)
        self.live = live = live_workers(self.settings, database, registry, clock)
        controls = RuntimeControls(
            database=database, registry=registry, clock=clock, threads=threads,
            max_age=MAX_AGE if has_workers else 0.0,
        )  # fmt: skip
        holds = HoldReasons(database, clock, controls.get, self.settings.redact)
        reasons = WaitingReasons(database, clock, live, has_workers, holds)
        self.explanations = Explanations(database, clock, reasons)
        self.jobs = Jobs(
            database=database, clock=clock, notifier=self.notifier, threads=threads,
            waiting_reasons=reasons, signals=self.signals,
        )  # fmt: skip
        self.edits = Edits(
            database=database, factory=self.factory, jobs=self.jobs, clock=clock, notifier=self.notifier,
            threads=threads,
        )  # fmt: skip
        self.files = Files(
            database=database, host_db=host_db, settings=self.settings,
            base=folder, clock=clock,
        )  # fmt: skip
        self.queues = Queues(
            database=database, clock=clock, factory=self.factory, live=live, controls=controls
        )
        self.tasks = Tasks(database, registry, controls)
        self.logs = Logs(database, self.jobs.stamp)
        self.streams = Streams(database, self.notifier, self.jobs.stamp)
        self.submission_warning = SubmissionWarning(database, clock, live)
        self.submissions = Submissions(
            database=database, factory=self.factory, backlog=self.backlog, clock=clock, threads=threads,
            host_db=host_db, runs_inline=self.settings.engine == "inline", signals=self.signals,
        )  # fmt: skip
        self.bulk = BulkActions(
            database=database, clock=clock, notifier=self.notifier, threads=threads,
            submissions=self.submissions, signals=self.signals,
        )  # fmt: skip
        self.batches = Batches(database, self.bulk)
        self.schedules = Schedules(
            database=database, factory=self.factory, submissions=self.submissions, clock=clock,
            threads=threads, timezone=self.settings.timezone,
        )  # fmt: skip
        self.webhooks = Webhooks(
            database=database, clock=clock, settings=self.settings, jobs=self.jobs, schedules=self.schedules
        )
        self.status = Status(
            database=database, registry=registry, clock=clock, threads=threads, live=live,
            app=self.settings.app,
            needs_workers=has_workers and not self.settings.runs_jobs,
            fires_schedules=self.settings.schedules,
        )  # fmt: skip
        self.overview = Overview(database, clock, is_sampled=has_workers)
