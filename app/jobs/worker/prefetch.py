"""How many jobs are claimed ahead: of tasks that are known to be short, so that they share a commit."""

from __future__ import annotations

from typing import Final

SHORT: Final = 0.02
"""Seconds: a task that takes less on average is short."""
AHEAD_SECONDS: Final = 0.05
AHEAD: Final = 47
"""Of a short task each thread has jobs for so many seconds claimed ahead, and so many at the most."""
RELEASE_AFTER: Final = 0.2
"""Seconds: a job that was claimed ahead and has not begun by then sits behind a long one: it is released."""
_WEIGHT: Final = 0.05


class Prefetch:
    """A moving average of each task's run time; used by the dispatcher alone."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def record(self, task: str, seconds: float) -> None:
        """A run of `task` took that long."""
        known = self._seconds.get(task, seconds)
        self._seconds[task] = known + _WEIGHT * (seconds - known)

    def ahead(self, task: str) -> int:
        """How many jobs of `task` a thread may have waiting; none where it is not known to be short."""
        seconds = self._seconds.get(task, SHORT)
        return 0 if seconds >= SHORT else int(min(AHEAD, AHEAD_SECONDS / max(seconds, 1e-6)))
