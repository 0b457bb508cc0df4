"""What can be done with schedules that are there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ..errors import InvalidArguments, InvalidState, ScheduleNotFound, problem
from ..job import Job
from ..options import NO_OPTIONS
from ..store import queries, schedules
from ..store.schedules import Decision
from ..triggers import Trigger, TriggerError, parse_trigger
from ..triggers.describe import describe
from ..triggers.preview import preview
from .base import UseCases


class ScheduleService(UseCases):
    """Read, preview, pause, resume, skip, run now."""

    def schedules(self) -> list[dict[str, Any]]:
        """All schedules that are not retired, by id."""
        with self._parts.database.read() as conn:
            return [schedules.to_dict(row) for row in schedules.all_schedules(conn)]

    def schedule(self, schedule_id: str) -> dict[str, Any]:
        """One schedule. Raises ScheduleNotFound."""
        return schedules.to_dict(self._row(schedule_id))

    def skip_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Leave out the next fire time, and record it. Raises ScheduleNotFound, InvalidState without one."""
        row, now = self._row(schedule_id), self._parts.clock.now()
        if row.next_fire_at is None or row.paused:
            raise InvalidState("there is no fire time to skip", "paused" if row.paused else "ended")
        following = parse_trigger(json.loads(row.trigger)).next_after(row.next_fire_at, row.anchor)
        skipped = Decision(fire_time=row.next_fire_at, decision="skipped", reason="skipped on request")
        with self._parts.database.write() as conn:
            schedules.move(conn, row, following, [skipped], now)
        return self.schedule(schedule_id)

    def schedule_history(
        self, schedule_id: str, limit: int = 50, before: datetime | None = None
    ) -> list[dict[str, Any]]:
        """The decisions about its fire times before `before`, newest first. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._parts.database.read() as conn:
            return schedules.history(conn, schedule_id, limit, before)

    def preview(self, trigger: Any, count: int = 10, after: datetime | None = None) -> dict[str, Any]:
        """A trigger in words, and its next `count` fire times strictly after `after` (default: now).

        Raises InvalidArguments.
        """
        parsed, now = parse(trigger), self._parts.clock.now()
        return {"description": describe(parsed), "next": preview(parsed, now, after or now, count)}

    def pause_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Fire no more until resumed; pausing twice changes nothing. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._parts.database.write() as conn:
            schedules.pause(conn, schedule_id, self._parts.clock.now())
        return self.schedule(schedule_id)

    def resume_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Go on from now; the fire times since the pause are recorded. Raises ScheduleNotFound."""
        row, now = self._row(schedule_id), self._parts.clock.now()
        trigger = parse_trigger(json.loads(row.trigger))
        decisions = []
        if row.next_fire_at is not None and row.next_fire_at <= now:
            count, _ = trigger.until(row.next_fire_at, now, row.anchor)
            decisions.append(Decision(fire_time=row.next_fire_at, decision="paused", count=count))
        with self._parts.database.write() as conn:
            schedules.resume(conn, row, trigger.next_after(now, row.anchor), decisions, now)
        self._parts.host.schedules_changed()
        return self.schedule(schedule_id)

    def run_schedule(self, schedule_id: str) -> Job:
        """Submit its job now, paused or not; the next fire time stays. Raises ScheduleNotFound, QueueFull."""
        row, now = self._row(schedule_id), self._parts.clock.now()
        new = self._parts.submitter.make(row.task, json.loads(row.args), NO_OPTIONS, now, schedule_id=row.id)
        self._parts.backlog.admit()
        self._enqueue([new])
        return queries.as_submitted(new)

    def _row(self, schedule_id: str) -> Any:
        with self._parts.database.read() as conn:
            row = schedules.get(conn, schedule_id)
        if row is None or row.retired:
            raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")
        return row


def parse(trigger: Any) -> Trigger:
    """The trigger in these words; raises InvalidArguments with pointers such as #/trigger/seconds."""
    try:
        return parse_trigger(trigger)
    except TriggerError as error:
        raise InvalidArguments([problem(f"#/trigger/{error.field}", error)]) from None
