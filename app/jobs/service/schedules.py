"""What can be done with schedules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from ..errors import InvalidArguments, ScheduleExists, ScheduleNotFound, problem
from ..firing import new_schedule
from ..ids import new_id
from ..job import Job
from ..options import NO_OPTIONS
from ..registry import Declaration
from ..store import queries, schedules
from ..triggers import Trigger, TriggerError, parse_trigger
from .base import UseCases

SLUG: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ScheduleService(UseCases):
    """Store, read, pause, resume, run now, remove."""

    def schedules(self) -> list[dict[str, Any]]:
        """All schedules that are not retired, by id."""
        with self._parts.database.read() as conn:
            return [schedules.to_dict(row) for row in schedules.all_schedules(conn)]

    def schedule(self, schedule_id: str) -> dict[str, Any]:
        """One schedule. Raises ScheduleNotFound."""
        return schedules.to_dict(self._row(schedule_id))

    def add_schedule(
        self, schedule_id: str | None, task: str, trigger: str | Mapping[str, Any] | Trigger,
        args: Mapping[str, Any],
    ) -> dict[str, Any]:  # fmt: skip
        """Store a schedule. Raises UnknownTask, InvalidArguments, ScheduleExists."""
        slug = new_id() if schedule_id is None else schedule_id
        if not isinstance(slug, str) or not SLUG.fullmatch(slug):
            raise InvalidArguments([problem("#/id", "must be 1 to 64 letters, digits and . _ -")])
        self._parts.registry.get(task).arguments.check(args, "#/args")
        try:
            declaration = Declaration(slug, task, parse_trigger(trigger), args)
        except TriggerError as error:
            raise InvalidArguments([problem(f"#/trigger/{error.field}", error)]) from None
        now = self._parts.clock.now()
        try:
            with self._parts.database.write() as conn:
                schedules.add(conn, new_schedule(declaration, None, now), now)
        except IntegrityError:
            raise ScheduleExists(
                f"a schedule {slug!r} exists already: choose another id or remove it"
            ) from None
        self._parts.host.schedules_changed()
        return self.schedule(slug)

    def pause_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Fire no more until resumed; pausing twice changes nothing. Raises ScheduleNotFound."""
        self._row(schedule_id)
        with self._parts.database.write() as conn:
            schedules.set_paused(conn, schedule_id, True, None, self._parts.clock.now())
        return self.schedule(schedule_id)

    def resume_schedule(self, schedule_id: str) -> dict[str, Any]:
        """Go on with the next fire time from now. Raises ScheduleNotFound."""
        row, now = self._row(schedule_id), self._parts.clock.now()
        next_fire = parse_trigger(json.loads(row.trigger)).next_after(now, row.anchor)
        with self._parts.database.write() as conn:
            schedules.set_paused(conn, schedule_id, False, next_fire, now)
        self._parts.host.schedules_changed()
        return self.schedule(schedule_id)

    def run_schedule(self, schedule_id: str) -> Job:
        """Submit its job now, paused or not; the next fire time stays. Raises ScheduleNotFound, QueueFull."""
        row, now = self._row(schedule_id), self._parts.clock.now()
        new = self._parts.submitter.make(row.task, json.loads(row.args), NO_OPTIONS, now, schedule_id=row.id)
        self._parts.backlog.admit()
        self._enqueue([new])
        return queries.as_submitted(new)

    def remove_schedule(self, schedule_id: str) -> None:
        """Delete it and its decisions; its jobs stay. Raises ScheduleNotFound."""
        with self._parts.database.write() as conn:
            if not schedules.remove(conn, schedule_id):
                raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")

    def _row(self, schedule_id: str) -> Any:
        with self._parts.database.read() as conn:
            row = schedules.get(conn, schedule_id)
        if row is None or row.retired:
            raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")
        return row
