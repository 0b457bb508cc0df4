"""Use cases of queues: what waits and runs in each, pause, resume, limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import Clock
from ..database.database import Database
from ..errors import QueueNotFound
from ..store.controls import CONCURRENCY, PAUSED, QUEUE, Controls
from ..store.loads import Load, loads
from ..values import Queue
from .controls import RuntimeControls
from .job_factory import JobFactory
from .live_workers import InCaller, LiveWorkers
from .numbers import oldest_of, seconds_since


class Queues:
    """List, pause, resume and limit queues: those that code or JOBS_QUEUES names, and that have jobs."""

    def __init__(
        self, *, database: Database, clock: Clock, factory: JobFactory, live: LiveWorkers | InCaller,
        controls: RuntimeControls,
    ) -> None:  # fmt: skip
        self._database, self._clock, self._factory = database, clock, factory
        self._live, self._controls = live, controls

    def all(self) -> list[Queue]:
        """All queues, by name."""
        set_now = self._controls.get().controls
        with self._database.read() as conn:
            todo = loads(conn, self._clock.now())
        names = {*self._factory.queues, *set_now.names(QUEUE), *(load.queue for load in todo)}
        names.update(name for worker in self._live.get() for name in worker.queues or ())
        return [
            self._queue(name, [each for each in todo if each.queue == name], set_now)
            for name in sorted(names)
        ]

    def get(self, name: str) -> Queue:
        """One queue. Raises QueueNotFound."""
        found = next((queue for queue in self.all() if queue.name == name), None)
        if found is None:
            raise QueueNotFound(f"no task, no JOBS_QUEUES and no job names the queue {name!r}")
        return found

    def pause(self, name: str, by: str | None = None) -> Queue:
        """Claim nothing from it until it is resumed; what runs goes on. Raises QueueNotFound."""
        return self.update(name, {PAUSED: True}, by)

    def resume(self, name: str, by: str | None = None) -> Queue:
        """Claim from it again. Raises QueueNotFound."""
        return self.update(name, {PAUSED: False}, by)

    def update(self, name: str, settings: Mapping[str, Any], by: str | None = None) -> Queue:
        """Change `paused` or `concurrency` (None: no limit), in the name of `by`.

        It holds for every claim that begins afterwards. Raises QueueNotFound, InvalidArguments.
        """
        self.get(name)
        self._controls.change(QUEUE, name, settings, by)
        return self.get(name)

    def _queue(self, name: str, todo: Sequence[Load], set_now: Controls) -> Queue:
        return Queue(
            name=name,
            paused=set_now.is_paused(QUEUE, name),
            queued=sum(load.queued for load in todo),
            running=sum(load.running for load in todo),
            oldest_seconds=seconds_since(oldest_of(todo), self._clock.now()),
            concurrency=set_now.value(QUEUE, name, CONCURRENCY),
            workers=sum(worker.serves(name) for worker in self._live.get()),
            changes=tuple(set_now.changes(QUEUE, name)),
        )
