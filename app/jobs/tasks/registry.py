"""Tasks: registered functions with their defaults, and the schedules that code declares."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..arguments.plain import parameters_if_plain
from ..checks import SLUG_RULE, TASK_NAME, is_slug
from ..errors import InvalidArguments, TaskDefinitionError, UnknownTask
from ..options import DEFAULTS, NO_OPTIONS, OF_TASK, TaskOptions, problems, read_value, stored_values
from ..options.limits import value_key
from ..schedules.declaration import Declaration
from .functions import (
    argument_default,
    is_same_place,
    is_seen_again,
    made_by_same_code,
    place_of,
    refusal,
    takes_argument,
)
from .uniqueness import Uniqueness

if TYPE_CHECKING:
    from ..arguments.check import Arguments


class TaskDefinition:
    """A registered function and the options of its jobs: `options` are all, `stored` those with a column.

    Raises TaskDefinitionError for a name or options that cannot be, naming every one.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> None:
        self.name, self.function = name, function
        given = {word: read_value(word, value) for word, value in options.items()}
        self._schema = given.get("schema")
        if found := [f"{'/'.join(map(str, place))} {words}" for place, words in self._problems(given)]:
            raise TaskDefinitionError(f"task {name!r} ({self.place}): {'; '.join(found)}")
        defaults = {word: option.default for word, option in OF_TASK.items()}
        self.options = cast(TaskOptions, {**defaults, **given})
        self.stored = stored_values(given, DEFAULTS)

    def _problems(self, options: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if not (isinstance(self.name, str) and TASK_NAME.fullmatch(self.name)):
            yield ("name",), "must be 1-200 letters, digits and . _ : -"
        if (why := refusal(self.function)) is not None:
            yield ("function",), why
        if found := list(problems(options, OF_TASK)):
            yield from found
            return
        yield from _contradictions(options)
        for setting in ("concurrency", "rate"):
            if (complaint := self.complaint_about(options.get(setting))) is not None:
                yield (setting,), complaint
        fair = options.get("fair")
        if fair is not None and not takes_argument(self.function, self._schema, fair):
            yield ("fair",), f"names the argument {fair!r}, which the task does not take"

    def complaint_about(self, limit: Any) -> str | None:
        """Why a value of `concurrency` or `rate` does not fit: its argument is none of the task's."""
        arg = limit[1] if isinstance(limit, list | tuple) and len(limit) == 2 else None
        if arg is None or takes_argument(self.function, self._schema, arg):
            return None
        return f"counts by the argument {arg!r}, which the task does not take"

    def fair_key(self, args: str) -> str | None:
        """By which a job with these arguments, JSON text, takes turns with others; None where it does not."""
        arg = self.options["fair"]
        return None if arg is None else value_key(json.loads(args).get(arg, self.default_of(arg)))

    @property
    def retry_on(self) -> tuple[type[BaseException], ...]:
        """Which exceptions are worth another attempt."""
        return cast("tuple[type[BaseException], ...]", self.options["retry_on"])

    @property
    def never_on(self) -> tuple[type[BaseException], ...]:
        """Which of them are not."""
        return cast("tuple[type[BaseException], ...]", self.options["never_on"])

    @property
    def retention(self) -> float | None:
        """Seconds for which its finished jobs are kept; None: as the settings say."""
        return cast("float | None", self.options["retention"])

    @property
    def place(self) -> str:
        """Where the function stands, for messages."""
        return place_of(self.function)

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    def default_of(self, arg: str) -> Any:
        """The value of an argument that a caller leaves out, None where that is no JSON."""
        return argument_default(self.function, arg)

    @functools.cached_property
    def arguments(self) -> Arguments:
        """What the task takes; raises TaskDefinitionError where the signature cannot be understood."""
        # Imported here: marshmallow takes longer to import than all else of the package.
        from ..arguments.check import Arguments

        return Arguments.of(self.function, self.options["schema"])

    @functools.cached_property
    def plain_parameters(self) -> Mapping[str, bool] | None:
        """As `parameters_if_plain`; None where it has a schema of its own."""
        return None if self._schema is not None else parameters_if_plain(self.function)

    @functools.cached_property
    def uniqueness(self) -> Uniqueness | None:
        """By what its jobs are one, None where they are not; raises as `arguments`."""
        if (unique := self.options["unique"]) is None:
            return None
        try:
            return Uniqueness(unique, self.function, self.arguments)
        except TaskDefinitionError as error:
            raise TaskDefinitionError(f"task {self.name!r} ({self.place}): {error}") from None


class Registry:
    """The tasks and declared schedules of one Simmer, by name.

    `runnable` are the tasks and those of the package itself, of which only the package submits jobs.
    """

    def __init__(self, internal: Iterable[TaskDefinition] = ()) -> None:
        self._lock = threading.Lock()
        self.tasks: Mapping[str, TaskDefinition] = {}
        self.runnable: Mapping[str, TaskDefinition] = {each.name: each for each in internal}
        self.declarations: Mapping[str, Declaration] = {}
        self.wrappers: Sequence[Callable[..., Any]] = ()
        """What wraps the attempts of the tasks, the outermost first."""

    def add(self, definition: TaskDefinition) -> None:
        """Register; raises TaskDefinitionError for a second function under the same name."""
        with self._lock:
            known = self.runnable.get(definition.name)
            if known is not None and not is_seen_again(known.function, definition.function):
                raise TaskDefinitionError(_two_tasks(known, definition))
            self.tasks = {**self.tasks, definition.name: definition}
            self.runnable = {**self.runnable, definition.name: definition}

    def wrap(self, wrapper: Callable[..., Any]) -> None:
        """Wrap the attempts of all tasks, within what wraps them already; once where it is seen again."""
        with self._lock:
            kept = [each for each in self.wrappers if not is_seen_again(each, wrapper)]
            self.wrappers = (*kept, wrapper)

    def declare(self, declaration: Declaration) -> None:
        """Declare a schedule; a second one with the same id must be for the same task (a reload).

        Raises TaskDefinitionError.
        """
        if not is_slug(declaration.id):
            raise TaskDefinitionError(
                f"the id of a schedule must be {SLUG_RULE}, and {declaration.id!r} is not: give it an id=…"
            )
        with self._lock:
            known = self.declarations.get(declaration.id)
            if known is not None and known.task != declaration.task:
                raise TaskDefinitionError(
                    f"two schedules have the id {declaration.id!r}, for {known.task!r} and"
                    f" {declaration.task!r}: give one of them another id"
                )
            self.declarations = {**self.declarations, declaration.id: declaration}

    def get(self, name: str) -> TaskDefinition:
        """The task of that name; raises UnknownTask."""
        try:
            return self.tasks[name]
        except (KeyError, TypeError):
            known = ", ".join(sorted(self.tasks)) or "none"
            raise UnknownTask(f"no task is named {name!r}; registered: {known}") from None

    def get_runnable(self, name: str) -> TaskDefinition:
        """The task of that name, the package's own included; raises UnknownTask."""
        return self.runnable.get(name) or self.get(name)

    def check(self) -> None:
        """Find what cannot be at start-up: tasks with bad parameters, schedules with arguments for others.

        What cannot fail is left to `build`, or to the first use. Raises TaskDefinitionError.
        """
        for definition in self.tasks.values():
            if definition.plain_parameters is None:
                definition.arguments  # noqa: B018 - built for its errors
            definition.uniqueness  # noqa: B018 - built for its errors
        complaints = [words for each in self.declarations.values() for words in self.complaints_about(each)]
        if complaints:
            raise TaskDefinitionError("; ".join(complaints))

    def build(self) -> None:
        """Build what every task makes of its arguments, before the first job; raises as `check`."""
        for definition in self.tasks.values():
            definition.arguments  # noqa: B018 - built to be there
        self.check()

    def complaints_about(self, declaration: Declaration) -> list[str]:
        """What of the schedule's arguments its task does not take; raises as `check`."""
        definition = self.get(declaration.task)
        plain = definition.plain_parameters
        if not declaration.args and plain is not None and not any(plain.values()):
            return []
        try:
            definition.arguments.check(declaration.args)
        except InvalidArguments as error:
            return [f"schedule {declaration.id!r} of the task {declaration.task!r}: {error}"]
        return []

    def queues(self) -> set[str]:
        """The queues that tasks name."""
        return {definition.options["queue"] for definition in self.tasks.values()}


def _contradictions(options: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What an option says in vain, since another one does not let it happen."""
    retention, result = options.get("retention"), options.get("keep_result_for")
    if retention is not None and result is not None and result >= retention:
        yield ("keep_result_for",), "must be less than retention, with which the result goes anyway"
    retried, never = (options.get(name, OF_TASK[name].default) for name in ("retry_on", "never_on"))
    for at, kind in enumerate(retried):
        if issubclass(kind, never):
            yield ("retry_on", at), f"is in never_on too, which wins: take {kind.__name__} out of one of them"


def _two_tasks(known: TaskDefinition, new: TaskDefinition) -> str:
    """The refusal of a second task under the name of `known`."""
    complaint = f"two tasks are named {new.name!r}: {known.place} and {new.place}"
    if made_by_same_code(known.function, new.function):
        return (
            f"{complaint}, made by the same code (a loop, a function that was called again, a decorator"
            ' without functools.wraps): give each its own name with jobs.task("name")'
        )
    modules = [each.function.__module__ for each in (known, new)]
    if is_same_place(known.function, new.function) and modules[0] != modules[1]:
        return (
            f"{complaint}: the same file was loaded twice, as the modules {modules[0]!r} and {modules[1]!r};"
            " import it under one name, and keep tasks out of the file that is run"
        )
    return f'{complaint}; give one of them another name with @jobs.task("name")'
