"""Fires schedules: one job for a fire time, however many processes look (promise 5)."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..backlog import Backlog
from ..clock import Clock
from ..database import Database
from ..errors import SimmerError
from ..firing import new_schedule
from ..options import NO_OPTIONS, SubmitOptions
from ..policies import Policy, Verdict, decide
from ..registry import Declaration, Registry
from ..store import jobs, schedules
from ..store.jobs import NewJob
from ..store.schedules import Decision
from ..submission import Submitter
from ..triggers import parse_trigger
from ..worker import Worker

log = logging.getLogger(__package__)
LOOK_EVERY: Final = 1.0


class Scheduler:
    """Writes the declared schedules at the start, then turns fire times into jobs."""

    name = "scheduler"

    def __init__(
        self, *, app: str, worker: Worker | None, database: Database, registry: Registry,
        submitter: Submitter, backlog: Backlog, clock: Clock,
    ) -> None:  # fmt: skip
        self._app, self._worker, self._database, self._registry = app, worker, database, registry
        self._submitter, self._backlog, self._clock = submitter, backlog, clock
        self._declared: Mapping[str, Declaration] | None = None

    def run_once(self) -> float:
        """Fire what is due; answer the seconds until the next fire time, one at most."""
        if self._declared is not self._registry.declarations:
            self._declare()
        tasks = list(self._registry.tasks)
        with self._database.read() as conn:
            due_at = schedules.next_fire(conn, tasks)
        now = self._clock.now()
        if due_at is not None and due_at <= now:
            self._fire(now, tasks)
            return 0.0
        return LOOK_EVERY if due_at is None else min(LOOK_EVERY, (due_at - now).total_seconds())

    def _fire(self, now: datetime, tasks: list[str]) -> None:
        with self._database.write() as conn:
            for row in schedules.due(conn, now, tasks):
                self._fire_one(conn, row, now)
        if self._worker is not None:
            self._worker.wake()

    def _fire_one(self, conn: Connection, row: Any, now: datetime) -> None:
        trigger, policy = parse_trigger(json.loads(row.trigger)), Policy.of(json.loads(row.policy))
        running = schedules.open_jobs(conn, row.id)
        verdicts, latest = decide(policy, trigger, row.next_fire_at, now, anchor=row.anchor, running=running)
        fired = [self._carry_out(row, policy, verdict, now) for verdict in verdicts]
        made = [job for _, job in fired if job is not None]
        next_fire = trigger.next_after(latest, row.anchor)
        # A clock set back, or an id that was used before, can lead to fire times that had their job.
        tries: tuple[tuple[list[NewJob], list[Decision]], ...]
        tries = ((made, [decision for decision, _ in fired]), ([], [_had_its_job(latest)]), ([], []))
        for new_jobs, decisions in tries:
            if _apply(conn, row, next_fire, new_jobs, decisions, now):
                return

    def _carry_out(
        self, row: Any, policy: Policy, verdict: Verdict, now: datetime
    ) -> tuple[Decision, NewJob | None]:
        """The verdict as a decision, with its job if it fires; what cannot fire is skipped and says so."""
        if verdict.decision != "fired":
            return Decision(**asdict(verdict)), None
        options = SubmitOptions(delay=random.uniform(0, policy.jitter)) if policy.jitter else NO_OPTIONS
        origin = {"schedule_id": row.id, "fire_time": verdict.fire_time}
        try:
            self._backlog.admit()
            job = self._submitter.make(row.task, json.loads(row.args), options, now, **origin)
        except (SimmerError, TypeError) as error:
            log.error("schedule %s cannot fire: %s", row.id, error)
            return replace(_skipped(verdict.fire_time), reason=str(error)[:1000]), None
        return Decision(fire_time=verdict.fire_time, decision="fired", job_id=job.id), job

    # --- declared in code -----------------------------------------------------------------------------

    def _declare(self) -> None:
        declarations = self._registry.declarations
        for declaration in declarations.values():
            try:
                self._declare_one(declaration)
            except IntegrityError:  # another process stored it at this moment
                self._declare_one(declaration)
            except TypeError as error:  # the others fire all the same
                log.error("schedule %r is not declared: %s", declaration.id, error)
        with self._database.write() as conn:
            schedules.retire(conn, self._app, list(declarations), self._clock.now())
        self._declared = declarations

    def _declare_one(self, declaration: Declaration) -> None:
        now = self._clock.now()
        with self._database.write() as conn:
            stored = schedules.get(conn, declaration.id, lock=True)
            if stored is None:
                schedules.add(conn, new_schedule(declaration, self._app, now), now)
            elif stored.app != self._app:
                owner = stored.app or "made at run time"
                log.error("schedule %r is not declared: its id is taken (%s)", declaration.id, owner)
            else:
                self._redeclare(conn, stored, declaration, now)

    def _redeclare(self, conn: Connection, stored: Any, declaration: Declaration, now: datetime) -> None:
        wanted = new_schedule(declaration, self._app, stored.anchor)
        known = (stored.task, stored.args, stored.trigger, stored.policy, stored.retired)
        if (wanted.task, wanted.args, wanted.trigger, wanted.policy, False) == known:
            return
        # The same trigger goes on where it was: a restart moves nothing.
        same = wanted.trigger == stored.trigger and not stored.retired
        next_fire = stored.next_fire_at if same else declaration.trigger.next_after(now, stored.anchor)
        schedules.redeclare(conn, replace(wanted, next_fire_at=next_fire), now)


def _apply(
    conn: Connection, row: Any, next_fire: datetime | None, made: list[NewJob], decisions: list[Decision],
    now: datetime,
) -> bool:  # fmt: skip
    """Move the schedule on with these decisions; False where a fire time was decided before."""
    try:
        with conn.begin_nested():
            if schedules.move(conn, row, next_fire, decisions, now) and made:
                jobs.enqueue(conn, made)
    except IntegrityError:
        return False
    return True


def _skipped(fire_time: datetime) -> Decision:
    return Decision(fire_time=fire_time, decision="skipped")


def _had_its_job(fire_time: datetime) -> Decision:
    return replace(_skipped(fire_time), reason="this fire time had its job before")
