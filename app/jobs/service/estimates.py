"""Estimates of when a job begins and ends, from how long others took: arithmetic, in seconds from now."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from statistics import median


class History:
    """How long the latest runs of each task took, in seconds."""

    def __init__(self, seconds: Mapping[str, Sequence[float]]) -> None:
        self._seconds = seconds

    def left(self, task: str, elapsed: float = 0.0) -> float | None:
        """How long a run goes on that has gone on for `elapsed`, as the median of those that took so long.

        None where none did: nothing is known of the run then.
        """
        longer = self._longer(task, elapsed)
        return median(longer) - elapsed if longer else None

    def basis(self, task: str, elapsed: float = 0.0) -> str:
        """What `left` is the median of, in words."""
        known, longer = len(self._seconds.get(task, ())), len(self._longer(task, elapsed))
        if longer < known:
            return f"median of {longer} of the latest {counted(known, 'run')} of {task}, which took longer"
        return f"median of the latest {counted(known, 'run')} of {task}"

    def _longer(self, task: str, elapsed: float) -> list[float]:
        return [seconds for seconds in self._seconds.get(task, ()) if seconds >= elapsed]


def wait_for_room(busy: Iterable[float | None], idle: int, line: Sequence[float | None]) -> float | None:
    """When something is free for whoever comes behind `line`, each of which takes the first that is.

    `busy` are the seconds until each of those in use is free, `idle` counts the others, `line` has how long
    each of those ahead takes. What takes None is not free again. None where nothing ever is.
    """
    free = [0.0] * max(0, min(idle, len(line) + 1)) + [seconds for seconds in busy if seconds is not None]
    heapq.heapify(free)
    for seconds in line:
        if not free:
            return None
        begins = heapq.heappop(free)
        if seconds is not None:
            heapq.heappush(free, begins + seconds)
    return free[0] if free else None


def counted(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
