"""What `@jobs.task` returns: the function, and the ways to submit it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from ..job import Job
from .options import NO_OPTIONS, Submission, SubmitOptions
from .registry import TaskDefinition

if TYPE_CHECKING:
    from ..extension import Simmer

P = ParamSpec("P")
R = TypeVar("R")


class Task(Generic[P, R]):
    """A registered function. Calling it calls the function; `submit` makes a job of it."""

    def __init__(self, simmer: Simmer, definition: TaskDefinition, function: Callable[P, R]) -> None:
        self._simmer, self.definition, self._function = simmer, definition, function
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    @property
    def name(self) -> str:
        """The name under which it is submitted."""
        return self.definition.name

    def submit(self, **args: Any) -> Job:
        """Submit a job with these arguments; see Simmer.submit for what is raised."""
        return Submittable(self, NO_OPTIONS, None).submit(**args)

    def submit_many(self, items: Iterable[Mapping[str, Any]]) -> list[Job]:
        """Submit a job for each dict of arguments, all in one transaction or none."""
        return Submittable(self, NO_OPTIONS, None).submit_many(items)

    def options(self, *, session: Any = None, **options: Any) -> Submittable:
        """The task with options for its next jobs: `task.options(delay=60).submit(a=1)`.

        queue, priority, run_at, delay, timeout, max_attempts, tags; `session` joins the caller's transaction.
        Raises InvalidArguments for an unknown one.
        """
        return Submittable(self, SubmitOptions.of(options), session)


class Submittable:
    """A task with options, to be submitted once or often."""

    def __init__(self, task: Task[..., Any], options: SubmitOptions, session: Any) -> None:
        self._task, self._options, self._session = task, options, session

    def submit(self, **args: Any) -> Job:
        """Submit a job with these arguments."""
        service = self._task._simmer.service
        return service.submit(self._task.name, args, self._options, session=self._session)

    def submit_many(self, items: Iterable[Mapping[str, Any]]) -> list[Job]:
        """Submit a job for each dict of arguments, all in one transaction or none."""
        submissions = [Submission(self._task.name, args, self._options) for args in items]
        return self._task._simmer.service.submit_many(submissions, session=self._session)
