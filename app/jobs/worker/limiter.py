"""Limits and turns, inside a claim: which of the due jobs may run, which are parked, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ..clock import Clock
from ..database.transactions import AnyConnection
from ..store import controls, turns
from ..store.controls import QUEUE, Controls
from ..store.limits import Counted
from ..store.turns import Turn
from ..tasks.limits import Limits
from ..tasks.registry import Registry, TaskDefinition
from .allowances import Allowances, Verdict

MOST_READ: Final = 200
"""Due jobs that are read at once, where the first ones are held."""
MOST_READS: Final = 6
"""How often due jobs are read in one transaction; the next one goes on."""

Find = Callable[[int], Sequence[Any]]
"""So many due jobs in claiming order, locked."""


class Limiter:
    """Used by one thread. Where nothing is limited it adds no statement to a claim."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock
        self._limits = Limits(registry.tasks, Controls())
        self._counted: dict[str, Counted] = {}
        self._turns: dict[str, Turn] = {}
        self.fair = _fair(registry.tasks)
        """The tasks whose jobs take turns; where there are none `deal` need not be called."""
        self.is_unfinished = False
        """Whether the last `select` has left due jobs unread."""

    def refresh(self, conn: AnyConnection, version: int | None) -> bool:
        """Read the controls where that is not the version of those that are known. Whether it was not."""
        is_news = version != self._limits.controls.version
        if is_news:
            self._limits = Limits(self._registry.tasks, controls.read(conn))
        return is_news

    def unpaused(self, queues: Iterable[str]) -> list[str]:
        """Those of the queues that are not paused, as far as that is known."""
        known = self._limits.controls
        return [queue for queue in queues if not known.is_paused(QUEUE, queue)]

    def is_limited(self, row: Any) -> bool:
        """Whether a limit may hold jobs such as the candidate `row`."""
        return not self._limits.is_empty and self._limits.is_limited(row.task, row.queue)

    def deal(self, conn: AnyConnection, rows: Sequence[Any], **filters: Any) -> Sequence[Any]:
        """The due jobs that `find` has read, those of fair tasks by turns; see `turns.deal`."""
        dealt, found = turns.deal(conn, rows, self.fair, **filters)
        self._turns |= found
        return dealt

    def counted(self, conn: AnyConnection, rows: Sequence[Any]) -> list[Counted]:
        """Those of the rows, which are about to be claimed, that count against limits; takes their turns."""
        if self._turns:
            turns.advance(conn, [self._turns[row.id] for row in rows if row.id in self._turns])
        return [self._counted[row.id] for row in rows if row.id in self._counted]

    def select(self, conn: AnyConnection, find: Find, most: int) -> Sequence[Any]:
        """The first `most` jobs that no limit holds; those that one holds are parked."""
        if self._limits.tasks is not self._registry.tasks:
            self._limits = Limits(self._registry.tasks, self._limits.controls)
            self.fair = _fair(self._registry.tasks)
        self._counted, self._turns, self.is_unfinished = {}, {}, False
        rows = find(most)
        is_news = bool(rows) and self.refresh(conn, rows[0].controls)
        if self._limits.is_empty or not (is_news or any(map(self.is_limited, rows))):
            return rows
        return self._select(conn, find, most)

    def _select(self, conn: AnyConnection, find: Find, most: int) -> Sequence[Any]:
        allowances, reading = Allowances(conn, self._clock), most
        verdict = Verdict()
        for _ in range(MOST_READS):
            rows = find(reading)
            wanted = {row.id: self._limits.of(row.task, row.queue, row.args) for row in rows}
            is_news = allowances.lock(wanted.values()) and self.refresh(conn, controls.version(conn))
            # Again under the locks: whoever changes a limit waits for them, and looks at what is parked.
            if is_news:
                allowances.close()
                allowances, verdict = Allowances(conn, self._clock), Verdict()
                continue
            verdict = allowances.judge(rows, wanted, most)
            if len(verdict.admitted) == most or not (verdict.has_moved or verdict.is_busy > (reading > most)):
                break
            reading = max(most, MOST_READ)
        else:
            self.is_unfinished = True
        allowances.close()
        self._counted = {
            row.id: allowances.counted(row.id, wanted[row.id]) for row in verdict.admitted if wanted[row.id]
        }
        return verdict.admitted


def _fair(tasks: Mapping[str, TaskDefinition]) -> frozenset[str]:
    return frozenset(name for name, task in tasks.items() if task.options["fair"] is not None)
