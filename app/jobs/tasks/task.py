"""What `@jobs.task` returns: the function, and the ways to submit it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack

from ..errors import InvalidArguments, pointer, problem
from ..job import Job
from ..options import NO_OPTIONS, SubmitOptions, read_options
from .registry import TaskDefinition
from .signature import FREE, Signature
from .submission import Submission

P = ParamSpec("P")
R = TypeVar("R")


class Submitter(Protocol):
    """What submits the jobs of tasks in the current app."""

    def submit(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions, *, session: Any = None
    ) -> Job:
        """Submit one job."""

    def submit_many(self, submissions: Sequence[Submission], *, session: Any = None) -> list[Job]:
        """Submit all in one transaction, or none."""


class Submittable(Generic[P]):
    """A task with options, to be submitted once or often."""

    def __init__(
        self, submitter: Callable[[], Submitter], definition: TaskDefinition, options: SubmitOptions
    ) -> None:
        self._submitter, self.definition = submitter, definition
        self._session = options.get("session")
        self._options = read_options({**options, "session": None})

    @property
    def name(self) -> str:
        """The name under which it is submitted."""
        return self.definition.name

    def submit(self, /, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Submit a job with these arguments; see Simmer.submit for what is raised.

        They are stored by their names: those by position get the names of the function's parameters.
        """
        named = self._named(args, kwargs) if args else kwargs
        return self._submitter().submit(self.name, named, self._options, session=self._session)

    def s(self, /, *args: Any, into: str | None = FREE, **kwargs: Any) -> Signature:
        """The task with these arguments, for `jobs.chain` and `jobs.batch`.

        `into` names the argument that takes the result of what it waits for, instead of the first one
        without a value; with None no argument does. Raises InvalidArguments for one that is not there.
        """
        if self._session is not None:
            raise InvalidArguments([problem("#/session", "give it to submit() of the chain or the batch")])
        named = self._named(args, kwargs) if args else kwargs
        return Signature(self.definition, named, self._options, into)

    def submit_many(self, items: Iterable[Mapping[str, Any]]) -> list[Job]:
        """Submit a job for each dict of arguments, all in one transaction or none."""
        submissions = [Submission(self.name, args, self._options) for args in items]
        return self._submitter().submit_many(submissions, session=self._session)

    def _named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name; raises InvalidArguments for too many, and for one that is given twice."""
        parameters = inspect.signature(self.definition.function).parameters.values()
        names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
        if len(args) > len(names):
            words = f"{self.name} takes {len(names)} arguments by position, {len(args)} were given"
            raise InvalidArguments([problem("#/args", words)])
        given = dict(zip(names, args, strict=False))
        if twice := given.keys() & kwargs.keys():
            words = "given twice: by position and by name"
            raise InvalidArguments([problem(pointer("#/args", name), words) for name in sorted(twice)])
        return {**given, **kwargs}


class Task(Submittable[P], Generic[P, R]):
    """A registered function. Calling it calls the function; `submit` makes a job of it."""

    def __init__(
        self, submitter: Callable[[], Submitter], definition: TaskDefinition, function: Callable[P, R]
    ) -> None:
        super().__init__(submitter, definition, NO_OPTIONS)
        self._function = function
        functools.update_wrapper(self, function, updated=())
        for name, value in getattr(function, "__dict__", {}).items():
            if not hasattr(self, name):  # an attribute of the function named `submit` stays there
                setattr(self, name, value)

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    def options(self, **options: Unpack[SubmitOptions]) -> Submittable[P]:
        """The task with options for its next jobs: `task.options(delay=60).submit(a=1)`.

        `session` joins the caller's transaction. Raises InvalidArguments for an unknown one; values are
        checked when a job is submitted.
        """
        return Submittable(self._submitter, self.definition, options)
