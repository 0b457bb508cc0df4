"""`@jobs.task` and `@jobs.schedule`: what registers functions of a host's code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, overload

from ..checks import MUST_BE_MAPPING, takes
from ..errors import InvalidArguments, TaskDefinitionError
from ..options import TaskOptions
from ..schedules.declaration import Declaration, trigger_words
from ..schedules.keywords import (
    CalendarWords,
    CronWords,
    DateWords,
    IntervalWords,
    OrWords,
    PolicyWords,
)  # fmt: skip
from ..schedules.policy import Policy
from ..schedules.triggers import Trigger, TriggerError, parse_trigger
from .functions import own_name, place_of, refusal
from .registry import Registry, TaskDefinition
from .task import Submitter, Task

P = ParamSpec("P")
R = TypeVar("R")
Around = TypeVar("Around", bound=Callable[[Any, Callable[[], Any]], Any])
Args = Mapping[str, Any]


class Decorators:
    """The decorators of one registry; `submitter` finds what submits jobs in the current app.

    `internal` are tasks of the package itself.
    """

    def __init__(self, submitter: Callable[[], Submitter], internal: Iterable[TaskDefinition] = ()) -> None:
        self.registry = Registry(internal)
        self._submitter = submitter

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(
        self, name: str | None = None, **options: Unpack[TaskOptions]
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...

    def task(self, name: Any = None, **options: Any) -> Any:
        """Register a function as a task: `@jobs.task` or `@jobs.task("name", max_attempts=5, …)`.

        The name defaults to the function's; of a task its function is registered once more. Raises
        TaskDefinitionError naming every option that cannot be, for what a job could not call (a method, a
        coroutine or generator function), and for a second function under the same name.
        """
        if name is None or isinstance(name, str):
            return lambda function: self._register(function, name, options)
        return self._register(name, None, options)

    @overload
    def schedule(
        self, trigger: Literal["interval"] | timedelta, /, *, id: str | None = None, args: Args | None = None,
        **words: Unpack[IntervalWords],
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...  # fmt: skip
    @overload
    def schedule(
        self, trigger: Literal["cron"], /, *, id: str | None = None, args: Args | None = None,
        **words: Unpack[CronWords],
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...  # fmt: skip
    @overload
    def schedule(
        self, trigger: Literal["date"], /, *, id: str | None = None, args: Args | None = None,
        **words: Unpack[DateWords],
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...  # fmt: skip
    @overload
    def schedule(
        self, trigger: Literal["calendar"], /, *, id: str | None = None, args: Args | None = None,
        **words: Unpack[CalendarWords],
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...  # fmt: skip
    @overload
    def schedule(
        self, trigger: Literal["or"], /, *, id: str | None = None, args: Args | None = None,
        **words: Unpack[OrWords],
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...  # fmt: skip
    @overload
    def schedule(
        self, trigger: Trigger | Mapping[str, Any], /, *, id: str | None = None, args: Args | None = None,
        **words: Unpack[PolicyWords],
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...  # fmt: skip

    def schedule(
        self, trigger: Any, /, *, id: str | None = None, args: Args | None = None, **words: Any
    ) -> Callable[[Callable[P, R]], Task[P, R]]:
        """Run a task or a plain function at a trigger's fire times: `@jobs.schedule("interval", seconds=30)`.

        `id` defaults to the task's name. Stored when a worker starts, retired when the code drops it. Words
        of the policy (misfire, misfire_grace, max_running, jitter) go beside those of the trigger.
        """
        if args is not None and not isinstance(args, Mapping):
            raise TaskDefinitionError(f"{_schedule_name(id)}: args {MUST_BE_MAPPING}")
        policy_words = {word: words.pop(word) for word in Policy.field_names() if word in words}
        try:
            parsed, policy = parse_trigger(trigger, **words), Policy.of(policy_words)
        except TriggerError as error:
            raise TaskDefinitionError(f"{_schedule_name(id)}: {error.field}: {error}") from None
        except InvalidArguments as error:
            raise TaskDefinitionError(f"{_schedule_name(id)}: {error}") from None

        given = trigger_words(trigger, words)

        def declare(function: Callable[P, R]) -> Task[P, R]:
            task = function if isinstance(function, Task) else self.task(function)
            found = Declaration(id or task.name, task.name, parsed, dict(args or {}), policy)
            # The words too: which time zone is meant by those that name none, each app says for itself.
            self.registry.declare(replace(found, trigger_words=given if isinstance(given, Mapping) else None))
            return task

        return declare

    def around(self, function: Around) -> Around:
        """Wrap the attempts of all tasks: `@jobs.around def wrap(job, call): …`; `call()` runs the task.

        `job` is what `current_job` is. The first that is registered is the outermost. The outcome is always
        the task's own. Raises TaskDefinitionError for what cannot be called so.
        """
        if (why := refusal(function)) is not None:
            raise TaskDefinitionError(f"@jobs.around: {place_of(function)} {why}")
        if not takes(2, function):
            raise TaskDefinitionError(f"@jobs.around: {place_of(function)} must take (job, call)")
        self.registry.wrap(function)
        return function

    def _register(
        self, function: Callable[P, R], name: str | None, options: Mapping[str, Any]
    ) -> Task[P, R]:  # fmt: skip
        if isinstance(function, Task):
            function = function.definition.function
        definition = TaskDefinition(own_name(function) if name is None else name, function, options)
        self.registry.add(definition)
        return Task(self._submitter, definition, function)


def _schedule_name(id: str | None) -> str:
    """For messages; the function that would name it is not known yet."""
    return "a schedule" if id is None else f"schedule {id!r}"
