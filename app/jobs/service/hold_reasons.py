"""Why a due job is held, though somebody could run it: a pause, or a limit that is reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..clock import Clock
from ..database.database import Database
from ..job import Job
from ..serialization.encoding import text_of
from ..serialization.presenter import moment
from ..serialization.redaction import redactor_of
from ..store import parking
from ..store.controls import QUEUE, TASK
from ..tasks.limits import Applied, Limits


class HoldReasons:
    """Says of due jobs what holds them; asks the database only where a limit may."""

    def __init__(
        self, database: Database, clock: Clock, limits: Callable[[], Limits],
        redact: tuple[str, ...] | None = None,
    ) -> None:  # fmt: skip
        """`limits` returns what holds now."""
        self._database, self._clock, self._limits = database, clock, limits
        self._redact = redactor_of(redact).redact

    def pause_of(self, job: Job) -> str | None:
        """Which pause holds the job, if one does."""
        controls = self._limits().controls
        for kind, name in ((QUEUE, job.queue), (TASK, job.task)):
            if controls.is_paused(kind, name):
                return f"the {kind} {name!r} is paused"
        return None

    def limit_of(self, job: Job) -> str | None:
        """Which limit was reached when the job was looked at last, if one was."""
        holds = self._limits()
        if not holds.is_limited(job.task, job.queue):
            return None
        applied = {each.key: each for each in holds.of(job.task, job.queue, text_of(dict(job.args)))}
        with self._database.read() as conn:
            parked = parking.parked(conn, job.id)
        if parked is None or parked.key not in applied:
            return None
        return self._describe(applied[parked.key], job, parked.wake_at)

    def _describe(self, applied: Applied, job: Job, wake_at: datetime | None) -> str | None:
        limit = applied.limit
        if limit is None:
            return None
        whose = f"{applied.kind} {applied.name!r}{self._value(limit.arg, job)}"
        if limit.seconds is None:
            return f"the limit of {limit.text} of the {whose} is reached"
        next_at = "" if wake_at is None else f", next at {moment(max(wake_at, self._clock.now()))}"
        return f"the rate of {limit.text} of the {whose} is reached{next_at}"

    def _value(self, arg: str | None, job: Job) -> str:
        if arg is None:
            return ""
        shown = self._redact({arg: job.args.get(arg)})[arg]
        return f" for {arg} {text_of(shown)[:100]}"
