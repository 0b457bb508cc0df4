"""Fires schedules: one job for a fire time, however many processes look (promise 5)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..backlog import Backlog
from ..clock import Clock
from ..database import Database
from ..errors import SimmerError
from ..firing import new_schedule
from ..options import NO_OPTIONS
from ..registry import Declaration, Registry
from ..store import jobs, schedules
from ..store.jobs import NewJob
from ..store.schedules import Decision
from ..submission import Submitter
from ..triggers import Trigger, parse_trigger
from ..worker import Worker

log = logging.getLogger(__package__)
LOOK_EVERY: Final = 1.0
LISTED: Final = 100
"""Up to so many missed fire times get a row each; more share one that counts them."""


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
        trigger = parse_trigger(json.loads(row.trigger))
        count, latest = trigger.until(row.next_fire_at, now, row.anchor)
        job, decision = self._decide(row, latest, now)
        missed = _coalesced(trigger, row, count - 1)
        next_fire = trigger.next_after(latest, row.anchor)
        # A clock set back, or an id that was used before, can lead to fire times that had their job.
        for attempt in ((job, [*missed, decision]), (None, [_had_its_job(latest)]), (None, [])):
            if _apply(conn, row, next_fire, *attempt, now):
                return

    def _decide(self, row: Any, fire_time: datetime, now: datetime) -> tuple[NewJob | None, Decision]:
        if self._backlog.is_full():
            return None, Decision(fire_time=fire_time, decision="skipped", reason="the backlog was full")
        try:
            job = self._submitter.make(
                row.task, json.loads(row.args), NO_OPTIONS, now, schedule_id=row.id, fire_time=fire_time
            )
        except (SimmerError, TypeError) as error:
            log.error("schedule %s cannot fire: %s", row.id, error)
            return None, Decision(fire_time=fire_time, decision="skipped", reason=str(error)[:1000])
        late = (now - fire_time).total_seconds()
        return job, Decision(
            fire_time=fire_time, decision="fired", job_id=job.id, reason=f"{late:.3f} s late"
        )

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
        known = (stored.task, stored.args, stored.trigger, stored.retired)
        if (wanted.task, wanted.args, wanted.trigger, False) == known:
            return
        # The same trigger goes on where it was: a restart moves nothing.
        same = wanted.trigger == stored.trigger and not stored.retired
        next_fire = stored.next_fire_at if same else declaration.trigger.next_after(now, stored.anchor)
        schedules.redeclare(conn, replace(wanted, next_fire_at=next_fire), now)


def _apply(
    conn: Connection, row: Any, next_fire: datetime | None, job: NewJob | None, decisions: list[Decision],
    now: datetime,
) -> bool:  # fmt: skip
    """Move the schedule on with these decisions; False where a fire time was decided before."""
    try:
        with conn.begin_nested():
            if schedules.move(conn, row, next_fire, decisions, now) and job:
                jobs.enqueue(conn, [job])
    except IntegrityError:
        return False
    return True


def _had_its_job(fire_time: datetime) -> Decision:
    return Decision(fire_time=fire_time, decision="skipped", reason="this fire time had its job before")


def _coalesced(trigger: Trigger, row: Any, count: int) -> list[Decision]:
    """Decisions about the `count` fire times that were missed before the latest."""
    if count > LISTED:
        return [Decision(fire_time=row.next_fire_at, decision="coalesced", count=count)]
    found, fire_time = [], row.next_fire_at
    for _ in range(count):
        found.append(Decision(fire_time=fire_time, decision="coalesced"))
        fire_time = trigger.next_after(fire_time, row.anchor)
    return found
