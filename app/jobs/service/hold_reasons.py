"""Why a due job is held, though somebody could run it: a pause, or a limit that is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..clock import Clock
from ..database.database import Database
from ..job import Job
from ..serialization.encoding import text_of
from ..serialization.presenter import moment
from ..serialization.redaction import redactor_of
from ..store import parking, positions
from ..store.controls import QUEUE, TASK
from ..store.parents import MOST_NAMED
from ..store.positions import Occupant
from ..tasks.limits import Limits
from .reasons import CONCURRENCY, QUEUE_PAUSED, RATE, TASK_PAUSED, Hold, Reason

MOST_HOLDERS: Final = 1_000
"""Runs that are read of those that a limit counts."""


class HoldReasons:
    """Says of due jobs what holds them; asks the database only where a limit may."""

    def __init__(
        self, database: Database, clock: Clock, limits: Callable[[], Limits],
        redact: tuple[str, ...] | None = None,
    ) -> None:  # fmt: skip
        """`limits` returns what holds now."""
        self._database, self._clock, self._limits = database, clock, limits
        self._redact = redactor_of(redact).redact

    def pause_of(self, job: Job) -> Reason | None:
        """Which pause holds the job, if one does."""
        controls = self._limits().controls
        for code, kind, name in ((QUEUE_PAUSED, QUEUE, job.queue), (TASK_PAUSED, TASK, job.task)):
            if controls.is_paused(kind, name):
                return Reason(code, f"the {kind} {name!r} is paused")
        return None

    def limit_of(self, job: Job) -> Reason | None:
        """Which limit was reached when the job was looked at last, if one was, and who holds it."""
        limits = self._limits()
        if not limits.is_limited(job.task, job.queue):
            return None
        found = {each.key: each for each in limits.of(job.task, job.queue, text_of(dict(job.args)))}
        with self._database.read() as conn:
            parked = parking.parked(conn, job.id)
            applied = None if parked is None else found.get(parked.key)
            if parked is None or applied is None or (limit := applied.limit) is None:
                return None
            runs: Sequence[Occupant] = ()
            if limit.seconds is None:
                runs = positions.holders(conn, applied.counts_as, applied.key, MOST_HOLDERS)
        hold = Hold(applied, parked.wake_at, runs, self._value(limit.arg, job))
        if limit.seconds is None:
            return Reason(CONCURRENCY, _of_concurrency(hold), hold)
        return Reason(RATE, self._of_rate(hold), hold)

    def _of_rate(self, hold: Hold) -> str:
        next_at = "" if hold.wake_at is None else f", next at {moment(max(hold.wake_at, self._clock.now()))}"
        return f"the rate of {_whose(hold)} is reached{next_at}"

    def _value(self, arg: str | None, job: Job) -> Any:
        return None if arg is None else self._redact({arg: job.args.get(arg)})[arg]


def _of_concurrency(hold: Hold) -> str:
    ids = [run.id for run in hold.holders]
    if len(ids) < hold.limit.count:  # one has ended, and the next ones are let go
        return f"the limit of {_whose(hold)} was reached when it was looked at last"
    more = ", …" if len(ids) > MOST_NAMED else ""
    return f"the limit of {_whose(hold)} is reached by {', '.join(ids[:MOST_NAMED])}{more}"


def _whose(hold: Hold) -> str:
    """`2 of the task 'slow' for tenant "acme"`."""
    applied, limit = hold.applied, hold.limit
    value = "" if limit.arg is None else f" for {limit.arg} {text_of(hold.value)[:100]}"
    return f"{limit.text} of the {applied.kind} {applied.name!r}{value}"
