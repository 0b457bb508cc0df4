"""The inline engine: runs in the calling thread."""

from __future__ import annotations

from collections.abc import Sequence

from ..run import Run
from .base import OnEnd, RunTask


class InlineEngine:
    """Runs what it is given before `start` returns; `name` is "inline" or "manual"."""

    is_closed = False

    def __init__(self, name: str, *, run: RunTask, on_end: OnEnd) -> None:
        self.name, self._run, self._on_end = name, run, on_end

    def start(self, runs: Sequence[Run]) -> None:
        """Run them, one after the other."""
        for run in runs:
            self._on_end(run, self._run(run))

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """Nothing to do: `start` returns when all have ended."""

    def cancel(self, run: Run) -> None:
        """Nothing to do: the task reads `run.cancel_requested` itself."""

    def replace_thread(self, run: Run) -> bool:
        """Nothing to do: there is no thread but the caller's."""
        return False

    def close(self) -> None:
        """Nothing to do: it owns no thread."""
