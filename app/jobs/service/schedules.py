"""Use cases of schedules, both stored at run time and declared in code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.statements import execute_all
from ..errors import InvalidState, ScheduleNotFound
from ..ids import new_id
from ..job import Job
from ..options import NO_OPTIONS
from ..schedules.declaration import Declaration, load_trigger
from ..schedules.triggers import Trigger, parse_trigger
from ..schedules.triggers.describe import describe
from ..schedules.triggers.preview import preview
from ..store import fires, schedules
from ..store.fires import ON_REQUEST, Decision, Move
from ..store.idempotency import RequestKey
from ..store.overdue import overdue
from ..values import Schedule
from .idempotency import Remember
from .job_factory import JobFactory
from .schedule_refusals import already_exists, refuse_declared, refuse_ended, require_active
from .submissions import Submissions
from .threads import LocalThreads


class Schedules:
    """List, add, replace, patch, remove; pause, resume, skip, run now; preview and history."""

    def __init__(
        self, *, database: Database, factory: JobFactory, submissions: Submissions, clock: Clock,
        threads: LocalThreads,
    ) -> None:  # fmt: skip
        self._database, self._factory, self._submissions = database, factory, submissions
        self._clock, self._threads = clock, threads

    def all(self) -> list[Schedule]:
        """All schedules that are not retired, by id."""
        with self._database.read() as conn:
            late = overdue(conn, self._clock.now())
            return [schedules.to_schedule(row, late) for row in schedules.all_schedules(conn)]

    def get(self, schedule_id: str) -> Schedule:
        """One schedule. Raises ScheduleNotFound."""
        row = self._row(schedule_id)
        with self._database.read() as conn:
            return schedules.to_schedule(row, overdue(conn, self._clock.now(), schedule_id))

    @retry_conflicts
    def add(
        self, schedule_id: str | None, words: Mapping[str, Any], remember: Remember = lambda _id: []
    ) -> Schedule:
        """Store a schedule under its id, or under a new one.

        `words` are the fields of its JSON: task, trigger, args, the policies and paused. Raises UnknownTask,
        InvalidArguments with pointers such as #/trigger/seconds, ScheduleExists.
        """
        slug = new_id(self._clock.now()) if schedule_id is None else schedule_id
        declaration = self._declaration(slug, words)
        with self._database.write() as conn:
            stored = schedules.get(conn, slug, lock=True)
            if stored is not None and not stored.retired:
                raise already_exists(slug)
            self._store(conn, declaration, words.get("paused", False), stored)
            execute_all(conn, remember(slug))
        return self._changed(slug)

    def add_once(
        self, key: RequestKey, schedule_id: str | None, words: Mapping[str, Any]
    ) -> tuple[Schedule, bool]:
        """As `add`, once for `key`; also whether it is a replay."""

        def find(slug: str) -> Schedule | None:
            with suppress(ScheduleNotFound):
                return self.get(slug)
            return None

        return self._submissions.once(key, find, lambda remember: self.add(schedule_id, words, remember))

    @retry_conflicts
    def replace(self, schedule_id: str, words: Mapping[str, Any]) -> tuple[Schedule, bool]:
        """Store the schedule, replacing one with this id; returns it and whether it is new.

        With the same trigger the next fire time stays; another one starts from the old anchor, after now.
        With `paused` None it stays paused or not. Raises as `add`; ScheduleDeclared for one declared in code.
        """
        declaration = self._declaration(schedule_id, words)
        with self._database.write() as conn:
            stored = schedules.get(conn, schedule_id, lock=True)
            if stored is not None:
                refuse_declared(stored, "change it")
            self._store(conn, declaration, words.get("paused", False), stored)
        return self._changed(schedule_id), stored is None or stored.retired

    @retry_conflicts
    def patch(
        self, schedule_id: str, changes: Mapping[str, Any] | Callable[[Schedule], Mapping[str, Any]]
    ) -> Schedule:
        """Change some of task, args, trigger, timezone, the policies and paused, each as a whole.

        `changes` may be made of the schedule as it is stored; nobody changes it in between. Raises as
        `replace`, and ScheduleNotFound; of a declared one only `paused` can be changed.
        """
        with self._database.write() as conn:
            row = require_active(schedules.get(conn, schedule_id, lock=True), schedule_id)
            stored = schedules.to_schedule(row, ())
            changed = changes(stored) if callable(changes) else changes
            if set(changed) != {"paused"}:
                refuse_declared(row, "change it")
                wanted = _merged(stored, changed)
                self._store(conn, self._declaration(schedule_id, wanted), wanted["paused"], row)
            elif changed["paused"]:
                schedules.pause(conn, schedule_id, self._clock.now())
            else:
                self._resume(conn, row)
        return self._changed(schedule_id)

    @retry_conflicts
    def remove(self, schedule_id: str) -> None:
        """Delete it and its decisions; its jobs stay. Raises ScheduleNotFound, ScheduleDeclared."""
        refuse_declared(self._row(schedule_id), "drop it")
        with self._database.write() as conn:
            if not schedules.remove(conn, schedule_id):
                raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")

    @retry_conflicts
    def pause(self, schedule_id: str) -> Schedule:
        """Stop firing until it is resumed; idempotent. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._database.write() as conn:
            schedules.pause(conn, schedule_id, self._clock.now())
        return self.get(schedule_id)

    @retry_conflicts
    def resume(self, schedule_id: str) -> Schedule:
        """Fire again from now on; fire times during the pause are recorded. Raises ScheduleNotFound."""
        with self._database.write() as conn:
            self._resume(conn, require_active(schedules.get(conn, schedule_id, lock=True), schedule_id))
        return self._changed(schedule_id)

    @retry_conflicts
    def skip(self, schedule_id: str) -> Schedule:
        """Skip the next fire time, and record it. Raises ScheduleNotFound, InvalidState if there is none."""
        with self._database.write() as conn:
            row = require_active(schedules.get(conn, schedule_id, lock=True), schedule_id)
            trigger = parse_trigger(json.loads(row.trigger))
            fire_time = fires.first_undecided(conn, row, trigger, row.next_fire_at)
            if fire_time is None or row.paused:
                raise InvalidState("there is no fire time to skip", "paused" if row.paused else "ended")
            skipped = Decision(fire_time=fire_time, decision="skipped", reason=ON_REQUEST)
            move = Move(row.id, row.next_fire_at, trigger.next_after(fire_time, row.anchor), [skipped])
            fires.move(conn, [move], self._clock.now())
        return self.get(schedule_id)

    def run(self, schedule_id: str) -> Job:
        """Submit its job now, paused or not; the next fire time stays. Raises ScheduleNotFound, QueueFull."""
        row = self._row(schedule_id)
        return self._submissions.submit(row.task, json.loads(row.args), **schedules.origin_of(row))

    def run_once(self, key: RequestKey, schedule_id: str) -> tuple[Job, bool]:
        """As `run`, once for `key`; also whether it is a replay."""
        row = self._row(schedule_id)
        return self._submissions.submit_once(key, row.task, json.loads(row.args), **schedules.origin_of(row))

    def history(
        self, schedule_id: str, limit: int = 50, before: datetime | None = None
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The decisions about its fire times before `before`, newest first. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._database.read() as conn:
            return fires.history(conn, schedule_id, limit, before)

    def preview(self, trigger: Any, count: int = 10, after: datetime | None = None) -> dict[str, Any]:
        """The description of a trigger, and its next `count` fire times, strictly after `after` or now.

        Raises InvalidArguments.
        """
        now = self._clock.now()
        return _preview(load_trigger(trigger), now, after or now, count)

    def preview_stored(
        self, schedule_id: str, count: int = 10, after: datetime | None = None
    ) -> dict[str, Any]:
        """As `preview`, of the trigger of a stored schedule. Raises ScheduleNotFound."""
        row = self._row(schedule_id)
        return _preview(parse_trigger(json.loads(row.trigger)), row.anchor, after or self._clock.now(), count)

    def _resume(self, conn: Connection, row: Any) -> None:
        trigger, now = parse_trigger(json.loads(row.trigger)), self._clock.now()
        decisions, first = [], fires.first_undecided(conn, row, trigger, row.next_fire_at)
        if first is not None and first <= now:
            count, _ = trigger.until(first, now, row.anchor)
            decisions.append(Decision(fire_time=first, decision="paused", count=count))
        schedules.resume(conn, row, trigger.next_after(now, row.anchor), decisions, now)

    def _store(self, conn: Connection, declaration: Declaration, paused: bool | None, stored: Any) -> None:
        now = self._clock.now()
        if stored is None:
            refuse_ended(declaration.trigger.next_after(None, now), declaration.trigger)
            try:
                schedules.add(conn, declaration, now, jobs_app=self._factory.app, paused=bool(paused))
            except IntegrityError:  # another process stored one with this id since it was read
                raise already_exists(declaration.id) from None
            return
        if stored.paused and paused is False and not stored.retired:
            self._resume(conn, stored)
            stored = schedules.get(conn, stored.id)
        next_fire = schedules.next_fire_at(declaration, stored, now)
        if not schedules.is_same_trigger(declaration, stored):
            refuse_ended(next_fire, declaration.trigger)
        jobs_app = self._factory.app if stored.retired else stored.jobs_app
        schedules.redefine(conn, declaration, next_fire, now, jobs_app=jobs_app, paused=paused)

    def _changed(self, schedule_id: str) -> Schedule:
        self._threads.schedules_changed()
        return self.get(schedule_id)

    def _declaration(self, slug: Any, words: Mapping[str, Any]) -> Declaration:
        """The schedule as a declaration; raises UnknownTask, InvalidArguments."""
        declaration = Declaration.of(slug, words)
        # A job is made and dropped: what could not be submitted is refused now, not at its fire time.
        self._factory.make_job(declaration.task, declaration.args, NO_OPTIONS, self._clock.now())
        return declaration

    def _row(self, schedule_id: str) -> Any:
        with self._database.read() as conn:
            return require_active(schedules.get(conn, schedule_id), schedule_id)


def _merged(stored: Schedule, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The words of `stored` with `changes`; `paused` is None where they do not name it: it stays."""
    wanted = {**stored.as_dict(), "paused": None, **changes}
    if "timezone" in changes:
        wanted["trigger"] = {**wanted["trigger"], "timezone": changes["timezone"]}
    return wanted


def _preview(trigger: Trigger, anchor: datetime, after: datetime, count: int) -> dict[str, Any]:
    return {"description": describe(trigger), "next": preview(trigger, anchor, after, count)}
