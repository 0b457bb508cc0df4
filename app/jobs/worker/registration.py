"""The row of a worker: without it nothing can be claimed, and by it others know what the worker serves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..process.identity import own_identity
from ..store import retention, workers
from ..tasks.registry import Registry, TaskDefinition


class Registration:
    """Stored by the dispatcher alone; `id` and `is_stored` may be read from any thread."""

    def __init__(
        self, *, engine: str, database: Database, registry: Registry, settings: Settings, clock: Clock
    ) -> None:
        self.id, self.is_stored = str(uuid.uuid4()), False
        self._engine, self._database, self._registry = engine, database, registry
        self._settings, self._clock = settings, clock
        self._stored_tasks: Mapping[str, TaskDefinition] = {}
        self._is_shown_draining = False

    def update(self, is_draining: bool) -> bool:
        """Store what of the worker is not stored yet. Whether its row is new. Raises DatabaseUnavailable."""
        is_new = not self.is_stored and not is_draining
        if is_new:
            self._register()
        # By identity: the registry never changes the mapping, it takes another.
        if self.is_stored and self._registry.runnable is not self._stored_tasks:
            self._store_tasks()
        if is_draining and not self._is_shown_draining:
            with self._database.write() as conn:
                workers.drain(conn, self.id)
            self._is_shown_draining = True
        return is_new

    def renew(self) -> None:
        """Take a new id, to be stored with the next update: the row was removed by somebody else."""
        # In this order: whoever reads the new id and then `is_stored` must not take it for stored.
        self.is_stored, self.id = False, str(uuid.uuid4())

    def _register(self) -> None:
        tasks = self._registry.runnable
        new = workers.NewWorker(
            id=self.id, engine=self._engine, threads=self._settings.threads, queues=self._settings.queues,
            tasks=tuple(sorted(tasks)), app=self._settings.app, started_at=self._clock.now(),
            **own_identity().as_dict(),
        )  # fmt: skip
        self._declare_retentions(tasks)
        # A row that exists is ours: the database committed it, but its reply was lost.
        with suppress(IntegrityError), self._database.write() as conn:
            workers.register(conn, new)
        self.is_stored, self._stored_tasks = True, tasks

    def _store_tasks(self) -> None:
        tasks = self._registry.runnable
        self._declare_retentions(tasks)
        with self._database.write() as conn:
            workers.set_tasks(conn, self.id, sorted(tasks))
        self._stored_tasks = tasks

    def _declare_retentions(self, tasks: Mapping[str, TaskDefinition]) -> None:
        seconds = {name: task.retention for name, task in tasks.items()}
        with self._database.write() as conn:
            retention.declare(conn, self._settings.app or "", seconds)
