"""What the ticker of a worker process does."""

from __future__ import annotations

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..service.live_workers import InCaller, LiveWorkers
from ..worker.dispatcher import Dispatcher
from .expirer import Expirer
from .pruner import Pruner
from .rescuer import Rescuer
from .scheduler import Scheduler
from .stuck_runs import StuckRuns
from .thread_dumper import ThreadDumper
from .ticker import Duty
from .watch import Watch


def create_duties(
    dispatcher: Dispatcher, scheduler: Scheduler, database: Database, settings: Settings, clock: Clock,
    notifier: Notifier, live: LiveWorkers | InCaller,
) -> tuple[Duty, ...]:  # fmt: skip
    """The duties in the order in which those of one moment run: first of all the heartbeat."""
    return (
        Rescuer(dispatcher, database, settings, clock, notifier),
        scheduler,
        Expirer(database, clock, notifier),
        Pruner(database, settings, clock),
        StuckRuns(dispatcher, settings, clock),
        ThreadDumper(dispatcher, database, settings, clock),
        Watch(dispatcher, database, live, clock),
    )
