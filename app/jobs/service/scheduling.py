"""Making schedules: add, replace, patch, remove."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..errors import InvalidArguments, ScheduleDeclared, ScheduleExists, ScheduleNotFound, problem
from ..ids import new_id
from ..schedules.policy import Policy
from ..store import schedules
from ..store.firing import new_schedule
from ..store.schedules import NewSchedule
from ..tasks.options import NO_OPTIONS, ScheduleRequest
from ..tasks.registry import SCHEDULE_ID, SLUG, Declaration
from .schedules import ScheduleService, parse


class SchedulingService(ScheduleService):
    """Schedules that are made at run time; those that code declares are the code's."""

    def add_schedule(self, schedule_id: str | None, asked: ScheduleRequest) -> dict[str, Any]:
        """Store a schedule under its id, or under one that is made.

        Raises UnknownTask, InvalidArguments with pointers such as #/trigger/seconds, ScheduleExists.
        """
        slug = new_id(self._parts.clock.now()) if schedule_id is None else schedule_id
        declaration = self._declaration(slug, asked)
        with self._parts.database.write() as conn:
            stored = schedules.get(conn, slug, lock=True)
            if stored is not None and not stored.retired:
                raise _exists(slug)
            self._put(conn, declaration, asked.paused, stored)
        return self._changed(slug)

    def replace_schedule(self, schedule_id: str, asked: ScheduleRequest) -> tuple[dict[str, Any], bool]:
        """Store the schedule as it is worded here, and say whether it is new.

        The same trigger goes on where it was; another one counts from the old anchor, after now. Raises as
        `add_schedule`; ScheduleDeclared for one that code declares.
        """
        declaration = self._declaration(schedule_id, asked)
        with self._parts.database.write() as conn:
            stored = schedules.get(conn, schedule_id, lock=True)
            if stored is not None:
                _refuse_declared(stored, "change it")
            self._put(conn, declaration, asked.paused, stored)
        return self._changed(schedule_id), stored is None or stored.retired

    def patch_schedule(self, schedule_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change some of task, args, trigger, timezone, the policies and paused, each as a whole.

        Raises as `replace_schedule`, and ScheduleNotFound; of a declared one only `paused` can be changed.
        """
        stored = self.schedule(schedule_id)
        if set(changes) == {"paused"}:
            return (self.pause_schedule if changes["paused"] else self.resume_schedule)(schedule_id)
        wanted = {**stored, "paused": None, **changes}
        if "timezone" in changes:
            wanted["trigger"] = {**wanted["trigger"], "timezone": changes["timezone"]}
        return self.replace_schedule(schedule_id, ScheduleRequest.of(wanted))[0]

    def remove_schedule(self, schedule_id: str) -> None:
        """Delete it and its decisions; its jobs stay. Raises ScheduleNotFound, ScheduleDeclared."""
        _refuse_declared(self._row(schedule_id), "drop it")
        with self._parts.database.write() as conn:
            if not schedules.remove(conn, schedule_id):
                raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")

    def _put(self, conn: Connection, declaration: Declaration, paused: bool | None, stored: Any) -> None:
        now = self._parts.clock.now()
        if stored is None:
            _add(conn, new_schedule(declaration, None, now), now, bool(paused))
            return
        if stored.paused and paused is False and not stored.retired:
            self._resume(conn, stored)
            stored = schedules.get(conn, stored.id)
        new = new_schedule(declaration, None, stored.anchor)
        if new.trigger == stored.trigger and not stored.retired:
            new = replace(new, next_fire_at=stored.next_fire_at)
        else:
            new = replace(new, next_fire_at=declaration.trigger.next_after(now, stored.anchor))
            _refuse_the_ended(new)
        schedules.redeclare(conn, new, now, paused=paused)

    def _changed(self, schedule_id: str) -> dict[str, Any]:
        self._parts.host.schedules_changed()
        return self.schedule(schedule_id)

    def _declaration(self, slug: Any, asked: ScheduleRequest) -> Declaration:
        """The schedule that was asked for; raises UnknownTask, InvalidArguments."""
        if not isinstance(slug, str) or not SCHEDULE_ID.fullmatch(slug):
            raise InvalidArguments([problem("#/id", f"must be {SLUG}")])
        self._parts.submitter.make(asked.task, asked.args, NO_OPTIONS, self._parts.clock.now())
        return Declaration(slug, asked.task, parse(asked.trigger), asked.args, Policy.of(asked.policy))


def _add(conn: Connection, new: NewSchedule, now: datetime, paused: bool) -> None:
    _refuse_the_ended(new)
    try:
        schedules.add(conn, new, now, paused=paused)
    except IntegrityError:  # another process was first
        raise _exists(new.id) from None


def _exists(schedule_id: str) -> ScheduleExists:
    return ScheduleExists(f"a schedule {schedule_id!r} exists already: choose another id or remove it")


def _refuse_declared(stored: Any, instead: str) -> None:
    if stored.app is not None and not stored.retired:
        raise ScheduleDeclared(f"the code of {stored.app!r} declares {stored.id!r}: {instead} there")


def _refuse_the_ended(new: NewSchedule) -> None:
    """Whoever stores a schedule that would never fire has made a mistake."""
    if new.next_fire_at is None:
        pointer = "#/trigger/end_at" if "end_at" in json.loads(new.trigger) else "#/trigger"
        raise InvalidArguments([problem(pointer, "no fire time is left: they are all in the past")])
