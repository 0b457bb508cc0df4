"""What the ticker of a worker process does."""

from __future__ import annotations

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..execution.receivers import Receivers
from ..service.files import Files
from ..service.job_factory import JobFactory
from ..service.job_signals import JobSignals
from ..service.live_workers import InCaller, LiveWorkers
from ..worker.dispatcher import Dispatcher
from .expirer import Expirer
from .file_sweeper import FileSweeper
from .overdue_schedules import OverdueSchedules
from .pruner import Pruner
from .rescuer import Rescuer
from .sampler import Sampler
from .scheduler import Scheduler
from .stuck_runs import StuckRuns
from .thread_dumper import ThreadDumper
from .ticker import Duty
from .watch import Watch


def create_duties(
    dispatcher: Dispatcher, scheduler: Scheduler, database: Database, settings: Settings, clock: Clock,
    notifier: Notifier, live: LiveWorkers | InCaller, files: Files, receivers: Receivers, signals: JobSignals,
    factory: JobFactory,
) -> tuple[Duty, ...]:  # fmt: skip
    """The duties in the order in which those of one moment run: first of all the heartbeat."""
    return (
        Rescuer(dispatcher, database, settings, clock, notifier, signals),
        scheduler,
        Sampler(database, clock),
        Expirer(database, clock, notifier, signals),
        Pruner(database, settings, clock),
        FileSweeper(files),
        StuckRuns(dispatcher, settings, clock),
        ThreadDumper(dispatcher, database, settings, clock),
        Watch(dispatcher, database, live, clock),
        OverdueSchedules(
            dispatcher, database, receivers, clock, factory, alerts=settings.alert_url is not None
        ),
    )
