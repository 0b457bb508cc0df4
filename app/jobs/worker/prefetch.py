"""Prefetch: how many jobs of short tasks a worker claims ahead, so that they share a commit."""

from __future__ import annotations

from typing import Final

SHORT_TASK_SECONDS: Final = 0.02
"""Seconds: a task that takes less on average is short."""
PREFETCH_SECONDS: Final = 0.05
"""Seconds of work that are prefetched for each thread."""
MAX_PREFETCH: Final = 47
"""Jobs that are prefetched for each thread, at most."""
RELEASE_AFTER: Final = 0.2
"""Seconds after which a prefetched job that has not begun is released: it waits behind a long one."""
_WEIGHT: Final = 0.05
"""The weight of the latest run in the moving average."""


class Prefetch:
    """A moving average of each task's run time; used by the dispatcher alone."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def record(self, task: str, seconds: float) -> None:
        """Count a run of `task` that took so many seconds."""
        known = self._seconds.get(task, seconds)
        self._seconds[task] = known + _WEIGHT * (seconds - known)

    def prefetch_count(self, task: str) -> int:
        """How many jobs of `task` to prefetch for each thread; 0 unless it is known to be short."""
        # Unknown counts as long: a job that waits behind it could have run in another process.
        seconds = self._seconds.get(task, SHORT_TASK_SECONDS)
        if seconds >= SHORT_TASK_SECONDS:
            return 0
        return int(min(MAX_PREFETCH, PREFETCH_SECONDS / max(seconds, 1e-6)))

    def largest_count(self) -> int:
        """The largest prefetch count of all tasks that are known."""
        return max(map(self.prefetch_count, self._seconds), default=0)
