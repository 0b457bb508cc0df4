"""The use cases, called by HTTP and commands: each opens a transaction, and returns a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ..clock import Clock
from ..config import Settings
from ..current import current_runtime
from ..database.database import Database
from ..tasks.registry import Registry
from .batches import Batches
from .bulk import BulkActions
from .edits import Edits
from .explanations import Explanations
from .files import Files
from .jobs import Jobs
from .logs import Logs
from .overview import Overview
from .queues import Queues
from .schedules import Schedules
from .status import Status
from .streams import Streams
from .submissions import Submissions
from .tasks import Tasks

__all__ = [
    "Batches", "BulkActions", "Edits", "Explanations", "Files", "Jobs", "Logs", "Overview", "Queues",
    "Runtime", "Schedules", "Status", "Streams", "Submissions", "Tasks", "runtime",
]  # fmt: skip


class Runtime(Protocol):
    """What HTTP and commands use of an app's runtime in this process.

    `server_threads` is how many requests its server handles at a time (None: unknown).
    """

    settings: Settings
    clock: Clock
    registry: Registry
    database: Database
    submissions: Submissions
    jobs: Jobs
    batches: Batches
    bulk: BulkActions
    edits: Edits
    explanations: Explanations
    files: Files
    logs: Logs
    streams: Streams
    schedules: Schedules
    queues: Queues
    tasks: Tasks
    status: Status
    overview: Overview

    @property
    def draining(self) -> bool:
        """Whether the threads of this process drain, or its server is about to end."""

    def drain_check(self) -> Callable[[], bool]:
        """A function that tells whether the process has begun to drain since now."""

    server_threads: int | None


runtime: Final[Callable[[], Runtime]] = current_runtime
"""The runtime of the current app; raises NotReady where it has none."""
