"""A second engine for the contract suite: each run in a `threading.Thread` of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from app.jobs.engines.base import OnEnd, RunTask
from app.jobs.run import Outcome, Run


class BareThreads:
    """Nothing waits here, so there is nothing to release but what comes after the end."""

    name = "bare"

    def __init__(self, on_end: OnEnd, *, run: RunTask) -> None:
        self._run, self._on_end, self.is_closed = run, on_end, False

    def start(self, runs: Sequence[Run]) -> None:
        """A thread for each."""
        for run in runs:
            if self.is_closed:
                self._on_end(run, Outcome("released", reason="the engine is closed"))
            else:
                threading.Thread(target=self._work, args=(run,), daemon=True).start()

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """Nothing ever waits."""

    def cancel(self, run: Run) -> None:
        """The task looks at `run.cancel_requested` itself."""

    def replace_thread(self, run: Run) -> bool:
        """There are as many threads as runs."""
        return run.thread is not None

    def close(self) -> None:
        """Begin nothing more."""
        self.is_closed = True

    def _work(self, run: Run) -> None:
        self._on_end(run, self._run(run))
