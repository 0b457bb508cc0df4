"""What can be done with schedules that are there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..errors import InvalidArguments, InvalidState, ScheduleNotFound, problem
from ..job import Job
from ..schedules.triggers import Trigger, TriggerError, parse_trigger
from ..schedules.triggers.describe import describe
from ..schedules.triggers.preview import preview
from ..store import fires, schedules
from ..store.fires import ON_REQUEST, Decision, Move
from ..store.overdue import overdue
from ..store.snapshots import as_submitted
from ..tasks.options import NO_OPTIONS
from .base import UseCases


class ScheduleService(UseCases):
    """Read, preview, pause, resume, skip, run now."""

    def schedules(self) -> list[dict[str, Any]]:
        """All schedules that are not retired, by id."""
        with self._parts.database.read() as conn:
            late = overdue(conn, self._parts.clock.now())
            return [schedules.to_dict(row, late) for row in schedules.all_schedules(conn)]

    def schedule(self, schedule_id: str) -> dict[str, Any]:
        """One schedule. Raises ScheduleNotFound."""
        row = self._row(schedule_id)
        with self._parts.database.read() as conn:
            return schedules.to_dict(row, overdue(conn, self._parts.clock.now(), schedule_id))

    def skip_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Leave out the next fire time, and record it. Raises ScheduleNotFound, InvalidState without one."""
        with self._parts.database.write() as conn:
            row = _live(schedules.get(conn, schedule_id, lock=True), schedule_id)
            trigger = parse_trigger(json.loads(row.trigger))
            fire_time = _undecided(conn, row, trigger)
            if fire_time is None or row.paused:
                raise InvalidState("there is no fire time to skip", "paused" if row.paused else "ended")
            skipped = Decision(fire_time=fire_time, decision="skipped", reason=ON_REQUEST)
            move = Move(row.id, row.next_fire_at, trigger.next_after(fire_time, row.anchor), [skipped])
            fires.move(conn, [move], self._parts.clock.now())
        return self.schedule(schedule_id)

    def schedule_history(
        self, schedule_id: str, limit: int = 50, before: datetime | None = None
    ) -> list[dict[str, Any]]:
        """The decisions about its fire times before `before`, newest first. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._parts.database.read() as conn:
            return fires.history(conn, schedule_id, limit, before)

    def preview(self, trigger: Any, count: int = 10, after: datetime | None = None) -> dict[str, Any]:
        """A trigger in words, and its next `count` fire times strictly after `after` (default: now).

        Raises InvalidArguments.
        """
        now = self._parts.clock.now()
        return _preview(parse(trigger), now, after or now, count)

    def preview_schedule(
        self, schedule_id: str, count: int = 10, after: datetime | None = None
    ) -> dict[str, Any]:
        """As `preview`, of the trigger of a schedule that is there. Raises ScheduleNotFound."""
        row = self._row(schedule_id)
        return _preview(parse(json.loads(row.trigger)), row.anchor, after or self._parts.clock.now(), count)

    def pause_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Fire no more until resumed; pausing twice changes nothing. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._parts.database.write() as conn:
            schedules.pause(conn, schedule_id, self._parts.clock.now())
        return self.schedule(schedule_id)

    def resume_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Go on from now; the fire times since the pause are recorded. Raises ScheduleNotFound."""
        with self._parts.database.write() as conn:
            self._resume(conn, _live(schedules.get(conn, schedule_id, lock=True), schedule_id))
        self._parts.host.schedules_changed()
        return self.schedule(schedule_id)

    def _resume(self, conn: Connection, row: Any) -> None:
        trigger, now = parse_trigger(json.loads(row.trigger)), self._parts.clock.now()
        decisions, first = [], _undecided(conn, row, trigger)
        if first is not None and first <= now:
            count, _ = trigger.until(first, now, row.anchor)
            decisions.append(Decision(fire_time=first, decision="paused", count=count))
        schedules.resume(conn, row, trigger.next_after(now, row.anchor), decisions, now)

    def run_schedule(self, schedule_id: str) -> Job:
        """Submit its job now, paused or not; the next fire time stays. Raises ScheduleNotFound, QueueFull."""
        row, now = self._row(schedule_id), self._parts.clock.now()
        new = self._parts.submitter.make(row.task, json.loads(row.args), NO_OPTIONS, now, schedule_id=row.id)
        self._parts.backlog.admit()
        self._enqueue([new])
        return as_submitted(new)

    def _row(self, schedule_id: str) -> Any:
        with self._parts.database.read() as conn:
            return _live(schedules.get(conn, schedule_id), schedule_id)


def _live(row: Any, schedule_id: str) -> Any:
    """The row; raises ScheduleNotFound where there is none, or a retired one."""
    if row is None or row.retired:
        raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")
    return row


def _undecided(conn: Connection, row: Any, trigger: Trigger) -> datetime | None:
    """Its first fire time to come that has no decision: a clock set back leads to some that have one."""
    fire_time: datetime | None = row.next_fire_at
    if fire_time is not None:
        decided = fires.decided_since(conn, row.id, fire_time)
        while fire_time in decided:
            fire_time = trigger.next_after(fire_time, row.anchor)
    return fire_time


def _preview(trigger: Trigger, anchor: datetime, after: datetime, count: int) -> dict[str, Any]:
    return {"description": describe(trigger), "next": preview(trigger, anchor, after, count)}


def parse(trigger: Any) -> Trigger:
    """The trigger in these words; raises InvalidArguments with pointers such as #/trigger/seconds."""
    try:
        return parse_trigger(trigger)
    except TriggerError as error:
        raise InvalidArguments([problem(f"#/trigger/{error.field}", error)]) from None
