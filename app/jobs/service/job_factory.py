"""From a task, its arguments and the caller's options to a job that can be stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..config import Settings
from ..errors import ArgumentsTooLarge, InvalidArguments, UnknownTask, pointer, problem
from ..ids import new_id
from ..options import OF_SUBMISSION, SubmitOptions, stored_values
from ..options import problems as option_problems
from ..store.jobs import NewJob
from ..tasks.registry import Registry, TaskDefinition
from ..tasks.submission import Submission


class JobFactory:
    """Makes jobs of one app; refuses what does not fit before anything is stored."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._registry, self._settings, self.app = registry, settings, settings.app

    @property
    def queues(self) -> Collection[str]:
        """The queues that a job may name."""
        return {"default", *self._registry.queues(), *(self._settings.queues or ())}

    def make_jobs(
        self, submissions: Iterable[tuple[str, Submission]], now: datetime, **origin: Any
    ) -> list[NewJob]:
        """A job for each of them, which are given with their places in what was asked for.

        Raises InvalidArguments naming all that is wrong, ArgumentsTooLarge, TypeError.
        """
        made: list[NewJob] = []
        problems: list[dict[str, str]] = []
        make_job = self.make_job
        for place, each in submissions:
            try:
                made.append(make_job(
                    each.task, each.args, each.options, now, where=place, result_into=each.into, **origin
                ))  # fmt: skip
            except UnknownTask as error:
                problems.append(problem(f"{place}/task", error))
            except InvalidArguments as error:
                problems += error.errors
        if problems:
            raise InvalidArguments(problems)
        return made

    def make_job(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions, now: datetime, *, where: str = "#",
        **origin: Any,
    ) -> NewJob:  # fmt: skip
        """A job to store; `origin` is schedule_id, fire_time, batch_id, app (JOBS_APP, where it is set) or
        result_into, the argument whose value comes later.

        Raises UnknownTask, InvalidArguments (its pointers begin with `where`), ArgumentsTooLarge, TypeError.
        """
        definition = self._registry.get(task)
        stored = definition.stored
        if options:
            self._check(options, where)
            stored = stored_values(options, stored)
        text = self._encode(definition, args, where, origin.get("result_into"))
        origin.setdefault("app", self.app)
        # In the order of its fields: by their names it takes twice as long, which a large batch shows.
        return NewJob(new_id(now), definition.name, text, stored, now, _run_at(options, now), **origin)

    def _check(self, options: SubmitOptions, where: str) -> None:
        found = {pointer(where, *place): words for place, words in option_problems(options, OF_SUBMISSION)}
        queue = options.get("queue")
        if queue is not None and queue not in (known := self.queues):
            words = f"no task and no JOBS_QUEUES names this queue: choose one of {', '.join(sorted(known))}"
            found.setdefault(pointer(where, "queue"), words)
        if found:
            raise InvalidArguments([problem(place, words) for place, words in found.items()])

    def _encode(
        self, definition: TaskDefinition, args: Mapping[str, Any], where: str, later: str | None
    ) -> str:
        text = definition.arguments.check(args, f"{where}/args", later)
        if (size := len(text.encode())) > self._settings.max_args_bytes:
            limit = f"{size} bytes, JOBS_MAX_ARGS_BYTES is {self._settings.max_args_bytes}"
            raise ArgumentsTooLarge(
                [problem(f"{where}/args", f"{limit}: store them elsewhere, pass a reference")]
            )
        return text


def _run_at(options: SubmitOptions, now: datetime) -> datetime:
    if delay := options.get("delay"):
        return now + (delay if isinstance(delay, timedelta) else timedelta(seconds=delay))
    if run_at := options.get("run_at"):
        return max(now, run_at.astimezone(UTC))
    return now
