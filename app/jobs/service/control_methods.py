"""The methods of `Simmer` for queues and tasks that run: pauses and limits, under the words of Python."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypedDict, Unpack

from ..options import Concurrency, Rate
from ..tasks.task import Task
from ..values import Queue
from . import Runtime


class TaskChanges(TypedDict, total=False):
    """What of a task can be changed while it runs; None: as the code says."""

    paused: bool | None
    concurrency: Concurrency | None
    rate: Rate | None
    by: str | None


class ControlMethods:
    """A part of `Simmer`; all of it needs an app context."""

    @property
    @abstractmethod
    def runtime(self) -> Runtime:
        """The runtime of the current app."""

    def list_queues(self) -> list[Queue]:
        """The queues that code or JOBS_QUEUES names or that have jobs, by name."""
        return self.runtime.queues.all()

    def pause_queue(self, name: str, *, by: str | None = None) -> Queue:
        """Claim nothing from it until it is resumed; raises QueueNotFound. `by` says in whose name."""
        return self.runtime.queues.pause(name, by)

    def resume_queue(self, name: str, *, by: str | None = None) -> Queue:
        """Claim from it again; raises QueueNotFound."""
        return self.runtime.queues.resume(name, by)

    def update_queue(self, name: str, *, concurrency: int | None, by: str | None = None) -> Queue:
        """Let so many of its jobs run at a time, None: any number. Raises QueueNotFound, InvalidArguments."""
        return self.runtime.queues.update(name, {"concurrency": concurrency}, by)

    def pause_task(self, task: str | Task[..., Any], *, by: str | None = None) -> dict[str, Any]:
        """Claim none of its jobs until it is resumed, and return it as GET does; raises UnknownTask."""
        return self.runtime.tasks.pause(_name(task), by)

    def resume_task(self, task: str | Task[..., Any], *, by: str | None = None) -> dict[str, Any]:
        """Claim its jobs again; raises UnknownTask."""
        return self.runtime.tasks.resume(_name(task), by)

    def update_task(self, task: str | Task[..., Any], **changes: Unpack[TaskChanges]) -> dict[str, Any]:
        """Change what is named of paused, concurrency and rate; None: as the code says.

        Raises UnknownTask, InvalidArguments.
        """
        by = changes.pop("by", None)
        return self.runtime.tasks.update(_name(task), {**changes}, by)


def _name(task: str | Task[..., Any]) -> str:
    return task.name if isinstance(task, Task) else task
