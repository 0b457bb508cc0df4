"""Tasks: registered functions with their defaults, and the schedules that code declares."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..arguments.check import Arguments
from ..checks import QUEUE_NAME, SLUG_RULE, TASK_NAME, is_seconds, is_slug, is_whole
from ..errors import TaskDefinitionError, UnknownTask
from ..schedules.declaration import Declaration
from . import backoff as backoffs
from .backoff import Backoff

if TYPE_CHECKING:
    from marshmallow import Schema

MOST_ATTEMPTS: Final = 100
HIGHEST_PRIORITY: Final = 1_000
MOST_TAGS: Final = 50


def are_tags(tags: Any) -> bool:
    """Whether `tags` is a tuple of tags, not too many of them."""
    if not isinstance(tags, tuple) or len(tags) > MOST_TAGS:
        return False
    return all(isinstance(tag, str) and 0 < len(tag) <= 100 and tag.isprintable() for tag in tags)


@dataclass(frozen=True, eq=False)
class TaskDefinition:
    """A registered function and the defaults of its jobs; durations are seconds."""

    name: str
    function: Callable[..., Any]
    schema: Schema | type[Schema] | None = None
    queue: str = "default"
    priority: int = 0
    max_attempts: int = 1
    backoff: Backoff = "exponential"
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    timeout: float | None = None
    on_interrupt: str = "retry"
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for ok, complaint in self._rules():
            if not ok:
                raise TaskDefinitionError(f"task {self.name!r} ({self.place}): {complaint}")
        backoffs.check(self.backoff)

    def _rules(self) -> Iterable[tuple[bool, str]]:
        yield bool(TASK_NAME.fullmatch(self.name)), "a name is 1-200 letters, digits and . _ : -"
        yield bool(QUEUE_NAME.fullmatch(self.queue)), "a queue's name is 1-64 letters, digits and . _ -"
        yield (
            is_whole(self.priority, -HIGHEST_PRIORITY, HIGHEST_PRIORITY),
            "priority is a whole number from -1000 to 1000",
        )
        yield is_whole(self.max_attempts, 1, MOST_ATTEMPTS), "max_attempts is a whole number from 1 to 100"
        yield (
            self.timeout is None or (is_seconds(self.timeout) and self.timeout > 0),
            "timeout is a positive number of seconds",
        )
        yield self.on_interrupt in ("retry", "fail"), 'on_interrupt is "retry" or "fail"'
        yield (
            all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in self.retry_on),
            "retry_on is a tuple of exception classes",
        )
        yield are_tags(self.tags), f"tags are up to {MOST_TAGS} printable strings of 1 to 100 characters"

    @property
    def place(self) -> str:
        """Where the function stands, for messages."""
        code = getattr(self.function, "__code__", None)
        where = f"{code.co_filename}:{code.co_firstlineno}" if code else repr(self.function)
        return f"{self.function.__module__}.{self.function.__qualname__} at {where}"

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @functools.cached_property
    def arguments(self) -> Arguments:
        """What the task takes; raises TaskDefinitionError where the signature cannot be understood."""
        return Arguments.of(self.function, self.schema)

    def is_same_as(self, other: TaskDefinition) -> bool:
        """Whether `other` is this function seen again (a reload, a notebook cell)."""
        mine, its = self.function, other.function
        return (mine.__module__, mine.__qualname__) == (its.__module__, its.__qualname__)


class Registry:
    """The tasks and declared schedules of one Simmer, by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.tasks: Mapping[str, TaskDefinition] = {}
        self.declarations: Mapping[str, Declaration] = {}

    def add(self, definition: TaskDefinition) -> None:
        """Register; raises TaskDefinitionError for a second function under the same name."""
        with self._lock:
            known = self.tasks.get(definition.name)
            if known is not None and not known.is_same_as(definition):
                raise TaskDefinitionError(
                    f"two tasks are named {definition.name!r}: {known.place} and {definition.place};"
                    ' give one of them another name with @jobs.task("name")'
                )
            self.tasks = {**self.tasks, definition.name: definition}

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

    def check(self) -> None:
        """Build every task's argument schema, so that a bad signature is found at start-up."""
        for definition in self.tasks.values():
            definition.arguments  # noqa: B018 - built for its errors

    def queues(self) -> set[str]:
        """The queues that tasks name."""
        return {definition.queue for definition in self.tasks.values()}
