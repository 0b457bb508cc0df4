"""What `@jobs.task` returns: the function, and the ways to submit it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from ..job import Job
from .options import NO_OPTIONS, Submission, SubmitOptions
from .registry import TaskDefinition

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


class Task(Generic[P, R]):
    """A registered function. Calling it calls the function; `submit` makes a job of it."""

    def __init__(
        self, submitter: Callable[[], Submitter], definition: TaskDefinition, function: Callable[P, R]
    ) -> None:
        self._submitter, self.definition, self._function = submitter, definition, function
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    @property
    def name(self) -> str:
        """The name under which it is submitted."""
        return self.definition.name

    @property
    def submitter(self) -> Submitter:
        """What submits its jobs in the current app; raises NotReady where there is none."""
        return self._submitter()

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
        submit = self._task.submitter.submit
        return submit(self._task.name, args, self._options, session=self._session)

    def submit_many(self, items: Iterable[Mapping[str, Any]]) -> list[Job]:
        """Submit a job for each dict of arguments, all in one transaction or none."""
        submissions = [Submission(self._task.name, args, self._options) for args in items]
        return self._task.submitter.submit_many(submissions, session=self._session)
