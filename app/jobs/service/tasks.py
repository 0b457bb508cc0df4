"""Use cases of tasks: what is registered in this process, and what holds for it while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..database.database import Database
from ..store import queries
from ..store.controls import CONCURRENCY, PAUSED, RATE, TASK
from ..tasks.limits import Limits
from ..tasks.registry import Registry, TaskDefinition
from .controls import RuntimeControls


class Tasks:
    """List tasks, pause and resume them, change their limits."""

    def __init__(self, database: Database, registry: Registry, controls: RuntimeControls) -> None:
        self._database, self._registry, self._controls = database, registry, controls

    def all(self) -> list[dict[str, Any]]:
        """The registered tasks by name, with the counts of their jobs."""
        registered, holds = self._registry.tasks, self._controls.get()
        with self._database.read() as conn:
            counts = queries.task_counts(conn, registered)
        return [_present(registered[name], counts[name], holds) for name in sorted(registered)]

    def get(self, name: str) -> dict[str, Any]:
        """One task. Raises UnknownTask."""
        definition, holds = self._registry.get(name), self._controls.get()
        with self._database.read() as conn:
            return _present(definition, queries.task_counts(conn, [name])[name], holds)

    def pause(self, name: str, by: str | None = None) -> dict[str, Any]:
        """Claim none of its jobs until it is resumed; what runs goes on. Raises UnknownTask."""
        return self.update(name, {PAUSED: True}, by)

    def resume(self, name: str, by: str | None = None) -> dict[str, Any]:
        """Claim its jobs again. Raises UnknownTask."""
        return self.update(name, {PAUSED: False}, by)

    def update(self, name: str, settings: Mapping[str, Any], by: str | None = None) -> dict[str, Any]:
        """Change `paused`, `concurrency` or `rate` (None: as the code says), in the name of `by`.

        It holds for every claim that begins afterwards. Raises UnknownTask, InvalidArguments.
        """
        self._registry.get(name)
        self._controls.change(TASK, name, settings, by)
        return self.get(name)


def _present(definition: TaskDefinition, counts: dict[str, Any], holds: Limits) -> dict[str, Any]:
    name = definition.name
    return {
        "name": name,
        "description": definition.description,
        "args_schema": definition.arguments.json_schema(),
        **{option: definition.options[option] for option in ("queue", "max_attempts", "timeout")},
        "paused": holds.controls.is_paused(TASK, name),
        **{setting: holds.value(name, setting) for setting in (CONCURRENCY, RATE)},
        "changes": holds.controls.changes(TASK, name),
        "counts": counts,
    }
