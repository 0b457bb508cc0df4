"""From a task, its arguments and the caller's options to a job that can be stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from ..config import Settings
from ..errors import ArgumentsTooLarge, InvalidArguments, UnknownTask, pointer, problem
from ..ids import new_id
from ..options import OF_SUBMISSION, Seconds, SubmitOptions, read_value, stored_values, unknown_option
from ..options import problems as option_problems
from ..store.new_jobs import NewJob
from ..store.unique_keys import UniqueKey, stored_key
from ..tasks.registry import Registry, TaskDefinition
from ..tasks.submission import Submission

CHANGEABLE: Final = {name: OF_SUBMISSION[name] for name in ("priority", "queue", "run_at", "tags")}
"""The options of a job that can be changed until it has begun."""


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
        return self._make(self._registry.get(task), args, options, now, where, origin)

    def make_internal_job(self, task: str, args: Mapping[str, Any], now: datetime) -> NewJob:
        """A job of a task of the package itself, in a queue that the workers of this app serve."""
        queues = self._settings.queues or ("default",)
        options: SubmitOptions = {"queue": "default" if "default" in queues else queues[0]}
        return self._make(self._registry.get_runnable(task), args, options, now, "#", {})

    def check_changes(self, task: str, changes: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Changes of a job as they are stored: args as JSON text, tags as a tuple, run_at not before now.

        Raises UnknownTask, InvalidArguments, ArgumentsTooLarge, TypeError.
        """
        wrong = {name: unknown_option(name, CHANGEABLE) for name in changes.keys() - {*CHANGEABLE, "args"}}
        nothing = [name for name, value in changes.items() if value is None and name in CHANGEABLE]
        wrong |= {name: f"must be {CHANGEABLE[name].rule.words}" for name in nothing}
        if wrong:
            raise InvalidArguments([problem(pointer("#", name), words) for name, words in wrong.items()])
        options = {name: read_value(name, value) for name, value in changes.items() if name != "args"}
        self._check(cast(SubmitOptions, options), "#")
        if "run_at" in options:
            options["run_at"] = _run_at(cast(SubmitOptions, options), now)
        if "args" in changes:
            options["args"] = self._encode(self._registry.get(task), changes["args"], "#")
        return options

    def fair_key(self, task: str, args: str) -> str | None:
        """By which a job with these arguments, JSON text, takes turns; None where it does not."""
        return self._registry.get(task).fair_key(args)

    def _make(
        self, definition: TaskDefinition, args: Mapping[str, Any], options: SubmitOptions, now: datetime,
        where: str, origin: dict[str, Any],
    ) -> NewJob:  # fmt: skip
        stored = definition.stored
        if options:
            self._check(options, where, has_key=definition.uniqueness is not None)
            stored = stored_values(options, stored)
        text = self._encode(definition, args, where, origin.get("result_into"))
        origin.setdefault("app", self.app)
        run_at = _run_at(options, now)
        if (seconds := options.get("expires_in", definition.options["expires_in"])) is not None:
            origin["expires_at"] = _expires_at(now, seconds, run_at, where)
        if definition.options["fair"] is not None:
            origin["fair_key"] = definition.fair_key(text)
        if definition.uniqueness is not None or "unique_key" in options:
            unique = _unique_key(definition, text, options, now, origin["app"], where)
            if unique is not None and unique.on_conflict == "replace" and options.get("depends_on"):
                words = 'what a job waits for cannot be replaced: leave on_conflict="replace" or this out'
                raise InvalidArguments([problem(f"{where}/depends_on", words)])
            origin["unique"] = unique
        if "callback_url" in options:
            origin["callback_url"] = options["callback_url"]
        # In the order of its fields: by their names it takes twice as long, which a large batch shows.
        return NewJob(new_id(now), definition.name, text, stored, now, run_at, **origin)

    def _check(self, options: SubmitOptions, where: str, *, has_key: bool = False) -> None:
        found = {pointer(where, *place): words for place, words in option_problems(options, OF_SUBMISSION)}
        queue = options.get("queue")
        if queue is not None and queue not in (known := self.queues):
            words = f"no task and no JOBS_QUEUES names this queue: choose one of {', '.join(sorted(known))}"
            found.setdefault(pointer(where, "queue"), words)
        if "callback_url" in options and (refusal := self._callback_refusal(options["callback_url"])):
            found.setdefault(pointer(where, "callback_url"), refusal)
        if "on_conflict" in options and "unique_key" not in options and not has_key:
            words = "there is no unique_key, and the task has no unique: pass a unique_key with it"
            found.setdefault(pointer(where, "on_conflict"), words)
        if found:
            raise InvalidArguments([problem(place, words) for place, words in found.items()])

    def _callback_refusal(self, url: str) -> str | None:
        """Why nothing would be sent to a callback; None where it would."""
        if (hosts := self._settings.webhook_hosts) is None:
            return "this app calls no host: list those that it may call in JOBS_WEBHOOK_HOSTS"
        # What is no URL at all is refused as that.
        return hosts.refusal(url) if OF_SUBMISSION["callback_url"].rule.fits(url) else None

    def _encode(
        self, definition: TaskDefinition, args: Mapping[str, Any], where: str, later: str | None = None
    ) -> str:
        text = definition.arguments.check(args, f"{where}/args", later)
        if (size := len(text.encode())) > self._settings.max_args_bytes:
            limit = f"{size} bytes, JOBS_MAX_ARGS_BYTES is {self._settings.max_args_bytes}"
            raise ArgumentsTooLarge(
                [problem(f"{where}/args", f"{limit}: store them elsewhere, pass a reference")]
            )
        return text


def _expires_at(now: datetime, seconds: Seconds, run_at: datetime, where: str) -> datetime:
    expires_at = now + _length(seconds)
    if expires_at <= run_at:
        words = "the job would expire before it is due: it counts from the submission"
        raise InvalidArguments([problem(pointer(where, "expires_in"), words)])
    return expires_at


def _unique_key(
    definition: TaskDefinition, args: str, options: SubmitOptions, now: datetime, app: str | None, where: str
) -> UniqueKey | None:  # fmt: skip
    """The key of the submission, else that of the task; None where there is none."""
    text = options.get("unique_key")
    if text is None and definition.uniqueness is not None:
        text = definition.uniqueness.key(args, where)
    if text is None:
        return None
    lasts = definition.options["unique_for"]
    until = None if lasts is None else now + _length(lasts)
    on_conflict = options.get("on_conflict", definition.options["on_conflict"])
    return UniqueKey(stored_key(app, definition.name, text), text, until, on_conflict)


def _length(seconds: Seconds) -> timedelta:
    return seconds if isinstance(seconds, timedelta) else timedelta(seconds=seconds)


def _run_at(options: SubmitOptions, now: datetime) -> datetime:
    if delay := options.get("delay"):
        return now + _length(delay)
    if run_at := options.get("run_at"):
        return max(now, run_at.astimezone(UTC))
    return now
