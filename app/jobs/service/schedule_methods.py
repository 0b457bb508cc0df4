"""The methods of `Simmer` for schedules: the use cases under the words of Python, typed for editors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta, tzinfo
from typing import Any, Final, Literal, TypedDict, Unpack, overload

from ..errors import InvalidArguments, pointer, problem
from ..job import Job
from ..schedules.declaration import trigger_words
from ..schedules.keywords import (
    CalendarWords,
    CronWords,
    DateWords,
    IntervalWords,
    OrWords,
    PolicyWords,
)  # fmt: skip
from ..schedules.policy import Policy
from ..schedules.triggers import Trigger
from ..tasks.decorators import Args
from ..tasks.task import Task
from ..values import Schedule
from . import Runtime

CHANGEABLE: Final = ("task", "args", "paused", "trigger", "timezone", *Policy.field_names())


class Changes(TypedDict, total=False):
    """What of a schedule can be changed, beside its trigger and its policies."""

    task: str | Task[..., Any]
    args: Args
    paused: bool


class IntervalChanges(IntervalWords, Changes, total=False):
    """With another interval."""


class CronChanges(CronWords, Changes, total=False):
    """With another cron rule."""


class DateChanges(DateWords, Changes, total=False):
    """With another date."""


class CalendarChanges(CalendarWords, Changes, total=False):
    """With another calendar rule."""


class OrChanges(OrWords, Changes, total=False):
    """With other triggers in one."""


class OtherChanges(PolicyWords, Changes, total=False):
    """With a trigger as a dict or an object, another time zone for the one that is there, or neither."""

    trigger: Trigger | Mapping[str, Any]
    timezone: str | tzinfo | None


class ScheduleMethods:
    """Add, get, list, update, pause, resume, run and remove schedules of the current app."""

    @property
    @abstractmethod
    def runtime(self) -> Runtime:
        """The runtime of the current app."""

    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["interval"] | timedelta, id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Unpack[IntervalWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["cron"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Unpack[CronWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["date"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Unpack[DateWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["calendar"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Unpack[CalendarWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Literal["or"], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Unpack[OrWords],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: Trigger | Mapping[str, Any], id: str | None = None,
        args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Unpack[PolicyWords],
    ) -> Schedule: ...  # fmt: skip

    def add_schedule(
        self, *, task: str | Task[..., Any], trigger: str | timedelta | Mapping[str, Any] | Trigger,
        id: str | None = None, args: Args | None = None, paused: bool = False, replace: bool = False,
        by: str | None = None, **words: Any,
    ) -> Schedule:  # fmt: skip
        """Store a schedule; `trigger` is a dict as over HTTP, or words: `trigger="interval", seconds=30`.

        Also misfire, misfire_grace, max_running and jitter. With `replace` it takes the place of the one
        with its id, if there is one. `by` says in whose name, here and in what follows. Raises UnknownTask,
        InvalidArguments, ScheduleExists, ScheduleDeclared.
        """
        policy = {word: words.pop(word) for word in Policy.field_names() if word in words}
        wording = {
            "task": _name(task),
            "trigger": trigger_words(trigger, words),
            "args": {} if args is None else args,
            "paused": paused,
        }
        schedules = self.runtime.schedules
        if replace and id is not None:
            return schedules.replace(id, {**wording, **policy}, by=by)[0]
        return schedules.add(id, {**wording, **policy}, by=by)

    @overload
    def update_schedule(
        self, schedule_id: str, *, trigger: Literal["interval"] | timedelta, by: str | None = None,
        **changes: Unpack[IntervalChanges],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def update_schedule(
        self, schedule_id: str, *, trigger: Literal["cron"], by: str | None = None,
        **changes: Unpack[CronChanges],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def update_schedule(
        self, schedule_id: str, *, trigger: Literal["date"], by: str | None = None,
        **changes: Unpack[DateChanges],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def update_schedule(
        self, schedule_id: str, *, trigger: Literal["calendar"], by: str | None = None,
        **changes: Unpack[CalendarChanges],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def update_schedule(
        self, schedule_id: str, *, trigger: Literal["or"], by: str | None = None,
        **changes: Unpack[OrChanges],
    ) -> Schedule: ...  # fmt: skip
    @overload
    def update_schedule(
        self, schedule_id: str, *, by: str | None = None, **changes: Unpack[OtherChanges]
    ) -> Schedule: ...

    def update_schedule(self, schedule_id: str, *, by: str | None = None, **changes: Any) -> Schedule:
        """Change what is named, each as a whole, and keep the rest, in one transaction.

        With the same trigger the next fire time stays; `timezone` alone moves the trigger to that zone.
        Raises ScheduleNotFound, UnknownTask, InvalidArguments, ScheduleDeclared.
        """
        named = {name: changes.pop(name) for name in CHANGEABLE if name in changes}
        if "trigger" in named:
            zone = {"timezone": named.pop("timezone")} if "timezone" in named else {}
            named["trigger"] = trigger_words(named["trigger"], {**changes, **zone})
        elif changes:
            detail = "unknown; the words of a trigger go with trigger=…"
            raise InvalidArguments([problem(pointer("#", name), detail) for name in changes])
        if "task" in named:
            named["task"] = _name(named["task"])
        return self.runtime.schedules.patch(schedule_id, named, by=by)

    def list_schedules(self) -> list[Schedule]:
        """All schedules that code declares or that were made at run time, by id."""
        return self.runtime.schedules.all()

    def get_schedule(self, schedule_id: str) -> Schedule:
        """The schedule as it is; raises ScheduleNotFound."""
        return self.runtime.schedules.get(schedule_id)

    def pause_schedule(self, schedule_id: str, *, by: str | None = None) -> Schedule:
        """Stop firing until it is resumed; raises ScheduleNotFound."""
        return self.runtime.schedules.pause(schedule_id, by=by)

    def resume_schedule(self, schedule_id: str, *, by: str | None = None) -> Schedule:
        """Fire again, from the next fire time on; raises ScheduleNotFound."""
        return self.runtime.schedules.resume(schedule_id, by=by)

    def run_schedule(self, schedule_id: str, *, by: str | None = None) -> Job:
        """Submit its job now; raises ScheduleNotFound, QueueFull."""
        return self.runtime.schedules.run(schedule_id, by=by)

    def remove_schedule(self, schedule_id: str) -> None:
        """Delete it; its jobs stay. Raises ScheduleNotFound."""
        self.runtime.schedules.remove(schedule_id)


def _name(task: str | Task[..., Any]) -> str:
    return task.name if isinstance(task, Task) else task
