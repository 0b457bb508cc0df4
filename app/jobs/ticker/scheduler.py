"""Fires schedules: one job for each fire time, however many processes run (promise 5)."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.database import Database
from ..errors import SimmerError
from ..options import NO_OPTIONS, SubmitOptions
from ..process.logs import get_logger
from ..schedules.policy import Policy, Verdict, decide
from ..schedules.triggers import Trigger, parse_trigger
from ..service.backlog import Backlog
from ..service.job_factory import JobFactory
from ..service.submitted import are_unique
from ..store import fires, leases, new_jobs, schedules
from ..store.fires import Decision, Move
from ..store.new_jobs import NewJob
from ..tasks.registry import Registry
from ..worker.dispatcher import Dispatcher
from .declarations import Declarations
from .unique_fires import place

log = get_logger(__name__)
CHECK_EVERY: Final = 1.0
"""Seconds: it looks at least so often, for schedules that another process stored."""
LEASE_SECONDS: Final = 1.0
"""Seconds for which one process fires alone; the others look again when they are over."""
TOLERATED: Final = 1.0
"""Seconds by which the wall clock may go back: time servers do that."""
FAR_AHEAD: Final = timedelta(days=1)
"""At the start nobody knows whether the clock was ahead: what lies beyond this is looked at."""
BATCH: Final = 200
"""So many schedules are moved on in one transaction at most."""


class Scheduler:
    """Stores the declared schedules, then submits a job for each fire time that is due, where `enabled`."""

    name = "scheduler"

    def __init__(
        self, *, app: str, dispatcher: Dispatcher | None, database: Database, registry: Registry,
        factory: JobFactory, backlog: Backlog, clock: Clock, jobs_app: str | None = None,
        enabled: bool = True, timezone: str | None = None,
        on_submitted: Callable[[Sequence[NewJob]], None] = lambda made: None,
    ) -> None:  # fmt: skip
        self._on_submitted = on_submitted
        self._dispatcher, self._database, self._registry = dispatcher, database, registry
        self._factory, self._backlog, self._clock = factory, backlog, clock
        self._jobs_app, self._enabled = jobs_app, enabled
        self._declarations = Declarations(app, jobs_app, database, registry, clock, timezone)
        self._id = str(uuid.uuid4())
        self._changes = database.change_detector()
        self._due_at: datetime | None = None
        self._known_tasks: list[str] | None = None
        self._last_clocks: tuple[datetime, float] | None = None

    def run_once(self) -> float:
        """Fire what is due; returns the seconds until the next check, one at most."""
        self._declarations.declare(None if self._dispatcher is None else self._dispatcher.id)
        self._check_clock()
        pause = self.seconds_until_due()
        return pause if pause > 0 else self._fire_due()

    def seconds_until_due(self) -> float:
        """Seconds until the next fire time, one at most; not positive if it has come."""
        if not self._enabled:
            return CHECK_EVERY
        tasks = list(self._registry.tasks)
        if self._changes.has_changed() or tasks != self._known_tasks:
            self._known_tasks = None
            with self._database.read() as conn:
                self._due_at = fires.next_fire(conn, tasks, self._jobs_app)
            self._known_tasks = tasks
        return self._seconds_until(self._due_at)

    def _fire_due(self) -> float:
        """Fire what is due; returns the seconds until the next check."""
        tasks = list(self._registry.tasks)
        with self._database.write() as conn:
            # Read inside: the wait for the write lock may have been long.
            now = self._clock.now()
            # The unique (schedule, fire time) keeps it correct; the lease spares the others vain plans.
            lease = _lease_of(tasks, self._jobs_app)
            held_until = leases.take(conn, lease, self._holder, now, LEASE_SECONDS)
            if held_until is not None:
                return self._seconds_until(held_until)
            rows = fires.due(conn, now, tasks, BATCH, self._jobs_app)
            made = self._advance(conn, rows, now) if rows else []
            next_at = fires.next_batch(conn, now, tasks, self._jobs_app)
        if self._dispatcher is not None and rows:
            self._dispatcher.wake()
        if made:
            self._on_submitted(made)
        return self._seconds_until(next_at)

    @property
    def _holder(self) -> str:
        """Its worker, which `workers` then shows as the leader."""
        return self._id if self._dispatcher is None else self._dispatcher.id

    def _check_clock(self) -> None:
        """Plan fire times anew where the wall clock went back; at the start, those that lie far ahead."""
        now, moment = self._clock.now(), self._clock.monotonic()
        if self._last_clocks is None:
            self._replan(now + FAR_AHEAD)
        else:
            last, last_moment = self._last_clocks
            if moment - last_moment - (now - last).total_seconds() > TOLERATED:
                self._replan(now)
        # Only now: where the database was away, the next turn has to see the jump again.
        self._last_clocks = now, moment

    def _replan(self, latest: datetime) -> None:
        """Plan anew the fire times that lie beyond `latest` and further ahead than their trigger says."""
        with self._database.write() as conn:
            now = self._clock.now()
            rows = [row for row in fires.planned_after(conn, latest) if row.task in self._registry.tasks]
            moves = [move for row in rows if (move := _sooner(conn, row, now))]
            for move in moves:
                fires.move(conn, [move], now)
        if moves:
            log.warning("the clock was ahead: %d schedules have their fire times planned anew", len(moves))

    def _advance(self, conn: Connection, rows: Sequence[Any], now: datetime) -> list[NewJob]:
        """Decide about the fire times of the schedules, and move these on; returns the jobs of those."""
        running = fires.open_jobs(conn, [row.id for row in rows])
        planned = [self._plan_move(row, running.get(row.id, 0), now) for row in rows]
        moves, made = [move for move, _ in planned], [job for _, new in planned for job in new]
        # All in one statement each; only where one of them conflicts is each tried by itself.
        if _apply_moves(conn, moves, made, now):
            return made
        return [job for move, new in planned if _apply_move(conn, move, new, now) for job in new]

    def _plan_move(self, row: Any, running: int, now: datetime) -> tuple[Move, list[NewJob]]:
        """The schedule's next fire time with its decisions, and the jobs of those that fire."""
        trigger, policy = _load_rule(row.trigger, row.policy)
        verdicts, latest = decide(policy, trigger, row.next_fire_at, now, anchor=row.anchor, running=running)
        outcomes = [self._make_decision(row, policy, verdict, now) for verdict in verdicts]
        made = [job for _, job in outcomes if job is not None]
        decisions = [decision for decision, _ in outcomes]
        return Move(row.id, row.next_fire_at, trigger.next_after(latest, row.anchor), decisions), made

    def _make_decision(
        self, row: Any, policy: Policy, verdict: Verdict, now: datetime
    ) -> tuple[Decision, NewJob | None]:
        """The decision of a verdict, and its job if it fires; a job that cannot be made is skipped."""
        if verdict.decision != "fired":
            return Decision(**asdict(verdict)), None
        options: SubmitOptions = {"delay": random.uniform(0, policy.jitter)} if policy.jitter else NO_OPTIONS
        origin = {**schedules.origin_of(row), "fire_time": verdict.fire_time}
        try:
            self._backlog.admit()
            job = self._factory.make_job(row.task, json.loads(row.args), options, now, **origin)
        except (SimmerError, TypeError) as error:
            # Recorded and passed by: retried for ever, it would keep all later fire times from firing.
            log.error("schedule %s cannot fire: %s", row.id, error)
            return _skipped(verdict.fire_time, str(error)[:1000]), None
        return Decision(fire_time=verdict.fire_time, decision="fired", job_id=job.id), job

    def _seconds_until(self, moment: datetime | None) -> float:
        if moment is None:
            return CHECK_EVERY
        return min(CHECK_EVERY, (moment - self._clock.now()).total_seconds())


def _sooner(conn: Connection, row: Any, now: datetime) -> Move | None:
    """The move of a schedule to its first fire time from now on, where it waits for a later one."""
    trigger, _ = _load_rule(row.trigger, row.policy)
    first = fires.first_undecided(conn, row, trigger, trigger.next_after(now, row.anchor))
    is_sooner = first is not None and first < row.next_fire_at
    return Move(row.id, row.next_fire_at, first, []) if is_sooner else None


def _apply_moves(conn: Connection, moves: Sequence[Move], made: Sequence[NewJob], now: datetime) -> bool:
    """Move the schedules on with their jobs; False, and nothing done, if a fire time was decided before."""
    try:
        with conn.begin_nested() as savepoint:
            if are_unique(made):
                moves, made = place(conn, moves, made, now), ()
            if not fires.move(conn, moves, now):
                savepoint.rollback()
                return False
            if made:
                new_jobs.enqueue(conn, made)
    except IntegrityError:
        return False
    return True


def _apply_move(conn: Connection, move: Move, made: Sequence[NewJob], now: datetime) -> bool:
    """Advance one schedule, without the job of a fire time that had one. Whether its jobs are stored."""
    if _apply_moves(conn, [move], made, now):
        return True
    # A clock set back, or an id that was used before, leads to fire times that are decided already.
    had_its_job = _skipped(move.decisions[-1].fire_time, "this fire time had its job before")
    without_job = replace(move, decisions=[had_its_job]), replace(move, decisions=[])
    # First with a decision about it, then without: it may have been decided, too.
    any(_apply_moves(conn, [instead], [], now) for instead in without_job)
    return False


@lru_cache(maxsize=10_000)
def _load_rule(trigger: str, policy: str) -> tuple[Trigger, Policy]:
    """The stored trigger and policy; cached, as the same few are parsed at every fire time."""
    return parse_trigger(json.loads(trigger)), Policy.of(json.loads(policy))


def _skipped(fire_time: datetime, reason: str) -> Decision:
    return Decision(fire_time=fire_time, decision="skipped", reason=reason)


def _lease_of(tasks: Sequence[str], app: str | None) -> str:
    """The name of the lease that processes of the same app with the same tasks share."""
    # Not one for all: a process must not wait for another that cannot fire its schedules.
    names = "\n".join([*sorted(tasks), app or ""])
    return leases.SCHEDULES + hashlib.sha256(names.encode()).hexdigest()[:16]
