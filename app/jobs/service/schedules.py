"""Use cases of schedules, both stored at run time and declared in code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.statements import execute_all
from ..errors import ScheduleExists, ScheduleNotFound, TransactionConflict
from ..ids import new_id
from ..job import Job
from ..options import NO_OPTIONS
from ..schedules.declaration import Declaration, load_trigger
from ..schedules.triggers import Trigger, parse_trigger
from ..schedules.triggers.describe import describe
from ..schedules.triggers.preview import preview
from ..store import fires, schedules
from ..store.idempotency import RequestKey
from ..store.overdue import overdue
from ..values import Schedule
from .idempotency import Remember
from .job_factory import JobFactory
from .preconditions import Precondition
from .schedule_changes import merge, resume, skip, store
from .schedule_refusals import already_exists, refuse_declared, require_active
from .submissions import Submissions
from .threads import LocalThreads

T = TypeVar("T")
Words = Mapping[str, Any] | Callable[[T], Mapping[str, Any]]
"""The fields of a schedule's JSON, or what makes them of the schedule that is stored."""


class Schedules:
    """List, add, replace, patch, remove; pause, resume, skip, run now; preview and history.

    `timezone` is that of a trigger whose words name none; None is UTC, and refuses times without an offset.
    """

    def __init__(
        self, *, database: Database, factory: JobFactory, submissions: Submissions, clock: Clock,
        threads: LocalThreads, timezone: str | None = None,
    ) -> None:  # fmt: skip
        self._database, self._factory, self._submissions = database, factory, submissions
        self._clock, self._threads, self._timezone = clock, threads, timezone

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
        self, schedule_id: str | None, words: Mapping[str, Any], remember: Remember = lambda _id: [], *,
        by: str | None = None,
    ) -> Schedule:  # fmt: skip
        """Store a schedule under its id, or under a new one.

        `words` are the fields of its JSON: task, trigger, args, the policies and paused. Raises UnknownTask,
        InvalidArguments with pointers such as #/trigger/seconds, ScheduleExists.
        """
        slug = new_id(self._clock.now()) if schedule_id is None else schedule_id
        declaration = self._declaration(slug, words, self._timezone)
        with self._database.write() as conn:
            stored = schedules.get(conn, slug, lock=True)
            if stored is not None and not stored.retired:
                raise already_exists(slug)
            self._store(conn, declaration, words.get("paused", False), stored, by)
            execute_all(conn, remember(slug))
        return self._changed(slug)

    def add_once(
        self, key: RequestKey, schedule_id: str | None, words: Mapping[str, Any], *, by: str | None = None
    ) -> tuple[Schedule, bool]:
        """As `add`, once for `key`; also whether it is a replay."""

        def find(slug: str) -> Schedule | None:
            with suppress(ScheduleNotFound):
                return self.get(slug)
            return None

        return self._submissions.once(
            key, find, lambda remember: self.add(schedule_id, words, remember, by=by)
        )

    @retry_conflicts
    def replace(
        self, schedule_id: str, words: Words[Schedule | None],
        precondition: Precondition[Schedule | None] | None = None, *, by: str | None = None,
    ) -> tuple[Schedule, bool]:  # fmt: skip
        """Store the schedule, replacing one with this id; returns it and whether it is new.

        `words` may be made of the schedule as it is stored, None for a new one. With the same trigger the
        next fire time stays; another one starts from the old anchor, after now. With `paused` None it stays
        paused or not. Raises as `add`; ScheduleDeclared for one declared in code.
        """
        with self._database.write() as conn:
            row = schedules.get(conn, schedule_id, lock=True)
            stored = None if row is None or row.retired else schedules.to_schedule(row, ())
            if precondition is not None:
                precondition(stored)
            if row is not None:
                refuse_declared(row, "change it")
            wanted = words(stored) if callable(words) else words
            declaration = self._declaration(schedule_id, wanted, self._timezone)
            try:
                self._store(conn, declaration, wanted.get("paused", False), row, by)
            except ScheduleExists as error:  # stored by another process since: that one is replaced
                raise TransactionConflict() from error
        return self._changed(schedule_id), stored is None

    @retry_conflicts
    def patch(
        self, schedule_id: str, changes: Words[Schedule],
        precondition: Precondition[Schedule] | None = None, *, by: str | None = None,
    ) -> Schedule:  # fmt: skip
        """Change some of task, args, trigger, timezone, the policies and paused, each as a whole.

        `changes` may be made of the schedule as it is stored; nobody changes it in between. Raises as
        `replace`, and ScheduleNotFound; of a declared one only `paused` can be changed.
        """
        with self._database.write() as conn:
            row = self._locked(conn, schedule_id, precondition)
            stored = schedules.to_schedule(row, ())
            changed = changes(stored) if callable(changes) else changes
            if set(changed) != {"paused"}:
                refuse_declared(row, "change it")
                wanted = merge(stored, changed)
                # A trigger that nobody touches keeps the zone that it was stored with, or has none.
                zone = self._timezone if changed.keys() & {"trigger", "timezone"} else None
                declaration = self._declaration(schedule_id, wanted, zone)
                self._store(conn, declaration, wanted["paused"], row, by)
            elif changed["paused"]:
                schedules.pause(conn, schedule_id, self._clock.now(), by)
            else:
                resume(conn, row, self._clock.now(), by)
        return self._changed(schedule_id)

    @retry_conflicts
    def remove(self, schedule_id: str, precondition: Precondition[Schedule] | None = None) -> None:
        """Delete it and its decisions; its jobs stay. Raises ScheduleNotFound, ScheduleDeclared."""
        with self._database.write() as conn:
            refuse_declared(self._locked(conn, schedule_id, precondition), "drop it")
            schedules.remove(conn, schedule_id)

    @retry_conflicts
    def pause(
        self, schedule_id: str, precondition: Precondition[Schedule] | None = None, *, by: str | None = None
    ) -> Schedule:
        """Stop firing until it is resumed; idempotent. Raises ScheduleNotFound."""
        with self._database.write() as conn:
            self._locked(conn, schedule_id, precondition)
            schedules.pause(conn, schedule_id, self._clock.now(), by)
        return self.get(schedule_id)

    @retry_conflicts
    def resume(
        self, schedule_id: str, precondition: Precondition[Schedule] | None = None, *, by: str | None = None
    ) -> Schedule:
        """Fire again from now on; fire times during the pause are recorded. Raises ScheduleNotFound."""
        with self._database.write() as conn:
            resume(conn, self._locked(conn, schedule_id, precondition), self._clock.now(), by)
        return self._changed(schedule_id)

    @retry_conflicts
    def skip(
        self, schedule_id: str, precondition: Precondition[Schedule] | None = None, *, by: str | None = None
    ) -> Schedule:
        """Skip the next fire time, and record it. Raises ScheduleNotFound, InvalidState if there is none."""
        with self._database.write() as conn:
            skip(conn, self._locked(conn, schedule_id, precondition), self._clock.now(), by)
        return self.get(schedule_id)

    def run(self, schedule_id: str, *, by: str | None = None) -> Job:
        """Submit its job now, paused or not; the next fire time stays. Raises ScheduleNotFound, QueueFull."""
        row = self._row(schedule_id)
        return self._submissions.submit(row.task, json.loads(row.args), by=by, **schedules.origin_of(row))

    def run_once(self, key: RequestKey, schedule_id: str, *, by: str | None = None) -> tuple[Job, bool]:
        """As `run`, once for `key`; also whether it is a replay."""
        row = self._row(schedule_id)
        submitted, is_replay = self._submissions.submit_once(
            key, row.task, json.loads(row.args), by=by, **schedules.origin_of(row)
        )
        return submitted.job, is_replay

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
        return _preview(load_trigger(trigger, self._timezone), now, after or now, count)

    def preview_stored(
        self, schedule_id: str, count: int = 10, after: datetime | None = None
    ) -> dict[str, Any]:
        """As `preview`, of the trigger of a stored schedule. Raises ScheduleNotFound."""
        row = self._row(schedule_id)
        return _preview(parse_trigger(json.loads(row.trigger)), row.anchor, after or self._clock.now(), count)

    def _store(
        self, conn: Connection, declaration: Declaration, paused: bool | None, row: Any, by: str | None
    ) -> None:
        store(conn, declaration, paused, row, self._clock.now(), self._factory.app, by)

    def _changed(self, schedule_id: str) -> Schedule:
        self._threads.schedules_changed()
        return self.get(schedule_id)

    def _declaration(self, slug: Any, words: Mapping[str, Any], timezone: str | None) -> Declaration:
        """The schedule as a declaration; raises UnknownTask, InvalidArguments."""
        declaration = Declaration.of(slug, words, timezone)
        # A job is made and dropped: what could not be submitted is refused now, not at its fire time.
        self._factory.make_job(declaration.task, declaration.args, NO_OPTIONS, self._clock.now())
        return declaration

    def _row(self, schedule_id: str) -> Any:
        with self._database.read() as conn:
            return require_active(schedules.get(conn, schedule_id), schedule_id)

    def _locked(self, conn: Connection, schedule_id: str, precondition: Precondition[Schedule] | None) -> Any:
        """The row, locked until the transaction ends, if it is as `precondition` requires."""
        row = require_active(schedules.get(conn, schedule_id, lock=True), schedule_id)
        if precondition is not None:
            precondition(schedules.to_schedule(row, ()))
        return row


def _preview(trigger: Trigger, anchor: datetime, after: datetime, count: int) -> dict[str, Any]:
    return {"description": describe(trigger), "next": preview(trigger, anchor, after, count)}
