"""The reasons for which a job waits, as codes: a fixed list, see docs/http.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from ..options.limits import Limit
from ..store.positions import Occupant
from ..store.workers import LiveWorker
from ..tasks.limits import Applied
from .unserved import REASONS as UNSERVED

NOT_DUE: Final = "not_due"
DEPENDENCIES: Final = "dependencies"
QUEUE_PAUSED: Final = "queue_paused"
TASK_PAUSED: Final = "task_paused"
CONCURRENCY: Final = "concurrency"
RATE: Final = "rate"
QUARANTINE: Final = "quarantine"
THREADS_BUSY: Final = "threads_busy"
THREADS_OVERDUE: Final = "threads_overdue"
READY: Final = "ready"
CLAIMED: Final = "claimed"
REASONS: Final = (
    NOT_DUE, DEPENDENCIES, QUEUE_PAUSED, TASK_PAUSED, *UNSERVED, CONCURRENCY, RATE, QUARANTINE, THREADS_BUSY,
    THREADS_OVERDUE, READY, CLAIMED,
)  # fmt: skip
"""All of them. The last two hold a job for moments, and `waiting_reason` passes them over."""


class Hold(NamedTuple):
    """The limit under which a due job is parked.

    `value` is that of the argument by which the limit counts, secrets redacted; `wake_at` is when a rate lets
    the next ones go; `holders` are the runs that a limit of concurrency counts, none of a rate.
    """

    applied: Applied
    wake_at: datetime | None
    holders: Sequence[Occupant]
    value: Any

    @property
    def limit(self) -> Limit:
        """The limit itself."""
        assert self.applied.limit is not None, "a pause is no limit"
        return self.applied.limit


class Reason(NamedTuple):
    """Why a job waits: one of REASONS, and the sentence that says it.

    `hold` is there for a limit, `able` are the live workers that can run the job where nothing else holds it.
    """

    code: str
    detail: str
    hold: Hold | None = None
    able: Sequence[LiveWorker] = ()
