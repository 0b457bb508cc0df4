"""Why a job waits and when it will run: its reason, its place, and estimates from how long others took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from ..clock import Clock
from ..database.database import Database
from ..job import Job
from ..states import RUNNING
from ..store import positions, queries, run_times
from ..store.claims import queues_due
from ..store.positions import Ahead, Occupant
from ..store.workers import LiveWorker
from ..values import Explanation, ReachedLimit
from .estimates import History, counted, wait_for_room
from .hold_reasons import MOST_HOLDERS
from .reasons import (
    CLAIMED,
    CONCURRENCY,
    DEPENDENCIES,
    NOT_DUE,
    RATE,
    READY,
    THREADS_BUSY,
    THREADS_OVERDUE,
    Hold,
)
from .waiting_reason import WaitingReasons, all_busy, jobs_ahead

MOST_AHEAD: Final = 1_000
"""Jobs ahead that are counted, at most; behind more there is no estimate."""
MOST_NAMED: Final = 10
"""Ids of jobs that hold a limit, at most."""
LONGEST: Final = 10 * 365 * 86_400.0
"""Seconds: what is beyond that is not an estimate, and may be no date."""
_IN_LINE: Final = (READY, THREADS_BUSY, THREADS_OVERDUE)
"""The reasons of a job that waits for a thread, and for nothing else."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a job stands: what is ahead of it, and what occupies the threads, or the limit, that it needs.

    `is_cut`: more may be ahead.
    """

    ahead: Sequence[Ahead] = ()
    is_cut: bool = False
    occupants: Sequence[Occupant] = ()

    @property
    def words(self) -> str:
        return f"{len(self.ahead)} or more jobs ahead" if self.is_cut else jobs_ahead(len(self.ahead))

    def begins_at(self, now: datetime, wait: float | None) -> datetime | None:
        """In so many seconds; None where that is not known, or where not all that is ahead was counted."""
        return None if self.is_cut else _later(now, wait)


ALONE: Final = _Place()


class Explanations:
    """Explains jobs. Reads a bounded number of rows, all of them by indexes."""

    def __init__(self, database: Database, clock: Clock, reasons: WaitingReasons) -> None:
        self._database, self._clock, self._reasons = database, clock, reasons

    def explain(self, job: Job) -> Explanation:
        """Why the job waits, and about when it begins and ends. Raises DatabaseUnavailable."""
        if job.is_final:
            return Explanation()
        now = self._clock.now()
        if job.state == RUNNING:
            return self._explain_running(job, now)
        reason = self._reasons.find(job, "explanation")
        explained = Explanation(reason=reason.code, detail=reason.detail)
        if reason.code == DEPENDENCIES:
            return explained
        if reason.code == NOT_DUE:
            return self._explain_later(job, explained)
        if reason.hold is not None:
            return self._explain_limit(job, explained, reason.hold, now)
        if reason.able:
            return self._explain_in_line(job, explained, reason.able, now)
        with self._database.read() as conn:
            return replace(explained, ahead=queries.ahead(conn, job, MOST_AHEAD))

    def _explain_running(self, job: Job, now: datetime) -> Explanation:
        if job.started_at is None:
            detail = f"the worker {job.worker} has claimed it and is about to begin it"
            return Explanation(reason=CLAIMED, detail=detail)
        if (eta := job.progress.eta) is not None:
            ends_at, basis = _later(now, eta), "its progress, if the rest goes on as fast"
        else:
            history, elapsed = self._history(job), _elapsed(job.started_at, now)
            ends_at = _later(now, history.left(job.task, elapsed))
            basis = history.basis(job.task, elapsed)
        return Explanation() if ends_at is None else Explanation(ends_at=ends_at, basis=basis)

    def _explain_later(self, job: Job, explained: Explanation) -> Explanation:
        """Not due yet: it begins then, unless it would be held by something else if it were due now."""
        if self._reasons.find_when_due(job, "explanation").code not in _IN_LINE:
            return explained
        return _estimated(explained, job, job.run_at, self._history(job), "once due, if a thread is free")

    def _explain_in_line(
        self, job: Job, explained: Explanation, able: Sequence[LiveWorker], now: datetime
    ) -> Explanation:
        with self._database.read() as conn:
            running = positions.running_on(conn, [worker.id for worker in able], MOST_HOLDERS)
            place = _Place(*_ahead(conn, job, able), running)
        history, threads = self._history(job, place), sum(worker.threads for worker in able)
        # What is prefetched comes before all that is due, and has no thread yet.
        begun = [run for run in running if not run.is_in_line]
        line = [*(run.task for run in running if run.is_in_line), *(each.task for each in place.ahead)]
        if explained.reason == READY and len(begun) >= threads:  # the reason is of a moment ago
            explained = replace(explained, reason=THREADS_BUSY, detail=all_busy(threads))
        idle = threads - len(begun) if explained.reason == READY else 0
        detail = f"{explained.detail}, {place.words}" if place.ahead or not idle else explained.detail
        explained = replace(explained, detail=detail, ahead=len(place.ahead))
        starts_at = place.begins_at(now, _wait(history, now, begun, idle, line))
        return _estimated(
            explained, job, starts_at, history, f"{place.words} on {counted(threads, 'thread')}"
        )

    def _explain_limit(self, job: Job, explained: Explanation, hold: Hold, now: datetime) -> Explanation:
        limit, key = hold.limit, hold.applied.key
        with self._database.read() as conn:
            ahead = positions.parked_ahead(conn, job, key, MOST_AHEAD + 1)
            since = now - timedelta(seconds=limit.seconds or 0.0)
            claims = positions.claims_since(conn, key, since, MOST_HOLDERS) if limit.seconds else 0
        place = _Place(ahead[:MOST_AHEAD], len(ahead) > MOST_AHEAD, hold.holders)
        history = self._history(job, place)
        if limit.seconds is None:
            wait = _wait(
                history, now, hold.holders, limit.count - len(hold.holders), [each.task for each in ahead]
            )
        else:
            wait = _wait_for_rate(hold, limit.seconds, len(ahead), now)
        explained = replace(
            explained, ahead=len(place.ahead), limit=_reached(hold, len(hold.holders) + claims, now)
        )
        basis = f"{place.words} under the limit of {limit.text}"
        return _estimated(explained, job, place.begins_at(now, wait), history, basis)

    def _history(self, job: Job, place: _Place = ALONE) -> History:
        """Of the job's task, and of all that its place has to do with."""
        # Each from a job downwards that is claimed so late that those before it have ended.
        tasks = {job.task: job.id}
        tasks |= {run.task: run.id for run in place.occupants if run.task != job.task}
        tasks |= {each.task: each.id for each in reversed(place.ahead)}
        with self._database.read() as conn:
            return History(run_times.latest(conn, tasks))


def _ahead(conn: Connection, job: Job, able: Sequence[LiveWorker]) -> tuple[list[Ahead], bool]:
    """What these workers claim before the job, where that is least, and whether it is cut."""
    due = queues_due(conn)
    found = []
    for queues in {worker.queues for worker in able}:
        # A worker that is told its queues takes all that is due in one before what is in the next.
        before = [] if queues is None else [name for name in queues[: queues.index(job.queue)] if name in due]
        beside = due if queues is None else [job.queue]
        rows = positions.due_ahead(conn, job, before, beside, MOST_AHEAD + 1)
        known = [row for row in rows[:MOST_AHEAD] if _is_for(row, able)]
        found.append((known, len(rows) > MOST_AHEAD))
    return min(found, key=lambda each: len(each[0]))


def _is_for(row: Ahead, able: Iterable[LiveWorker]) -> bool:
    return any(worker.knows(row.task) and worker.runs_jobs_of(row.app) for worker in able)


def _wait(
    history: History, now: datetime, begun: Iterable[Occupant], idle: int, line: Iterable[str]
) -> float | None:
    busy = [history.left(run.task, _elapsed(run.started_at, now)) for run in begun]
    return wait_for_room(busy, idle, [history.left(task) for task in line])


def _wait_for_rate(hold: Hold, period: float, ahead: int, now: datetime) -> float | None:
    """Until it lets the next one go, and then so many in each period."""
    if hold.wake_at is None:
        return None
    return max(0.0, (hold.wake_at - now).total_seconds()) + ahead // hold.limit.count * period


def _later(moment: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None or seconds > LONGEST else moment + timedelta(seconds=seconds)


def _elapsed(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _estimated(
    explained: Explanation, job: Job, starts_at: datetime | None, history: History, basis: str
) -> Explanation:
    if starts_at is None:
        return explained
    if (ends_at := _later(starts_at, history.left(job.task))) is None:
        return replace(explained, starts_at=starts_at, basis=basis)
    basis = f"{history.basis(job.task)}; {basis}"
    return replace(explained, starts_at=starts_at, ends_at=ends_at, basis=basis)


def _reached(hold: Hold, held: int, now: datetime) -> ReachedLimit:
    limit, applied = hold.limit, hold.applied
    is_rate = limit.seconds is not None
    return ReachedLimit(
        setting=RATE if is_rate else CONCURRENCY, kind=applied.kind, name=applied.name,
        value=limit.text if is_rate else limit.count, arg=limit.arg, arg_value=hold.value, held=held,
        held_by=tuple(run.id for run in hold.holders[:MOST_NAMED]),
        opens_at=max(now, hold.wake_at) if is_rate and hold.wake_at is not None else None,
    )  # fmt: skip
