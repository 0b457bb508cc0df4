"""How long tasks take, so that jobs of short ones can be claimed ahead and share a commit."""

from __future__ import annotations

from typing import Final

SHORT: Final = 0.02
"""Seconds: a task that takes less on average is short."""
AHEAD: Final = 7
"""So many jobs for each thread are claimed ahead, where all of them are short."""
_WEIGHT: Final = 0.2


class Pace:
    """A moving average of each task's run time; used by the dispatcher alone."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def note(self, task: str, seconds: float) -> None:
        """A run of `task` took that long."""
        known = self._seconds.get(task, seconds)
        self._seconds[task] = known + _WEIGHT * (seconds - known)

    def is_short(self, task: str) -> bool:
        """Whether `task` is known to be short."""
        return self._seconds.get(task, SHORT) < SHORT
