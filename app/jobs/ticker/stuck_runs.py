"""Logs the runs of this worker that go on beyond their timeout."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..process.logs import Lines, get_logger
from ..run import Run
from ..worker.dispatcher import Dispatcher
from ..worker.thread_states import thread_states

log = get_logger(__name__)
CHECK_EVERY: Final = 1.0
"""Seconds between two looks."""


class StuckRuns:
    """Warns of each run that is JOBS_STUCK_AFTER beyond its timeout, with its stack.

    And where all threads of the worker are beyond their timeout.
    """

    name = "stuck runs"

    def __init__(self, dispatcher: Dispatcher, settings: Settings, clock: Clock) -> None:
        self._dispatcher, self._clock = dispatcher, clock
        self._stuck_after, self._threads = settings.stuck_after, settings.threads
        self._warned: set[Run] = set()
        self._all_overdue = False

    def run_once(self) -> float:
        """Log what is new; returns the seconds until it is due again."""
        now = self._clock.monotonic()
        overdue = [run for run in self._dispatcher.unended() if run.thread and run.overdue_seconds(now)]
        self._log_if_all(overdue)
        stuck = {run for run in overdue if run.overdue_seconds(now) >= self._stuck_after}
        for run in stuck - self._warned:
            self._log_stuck(run, now)
        self._warned = stuck
        return CHECK_EVERY

    def _log_if_all(self, overdue: Collection[Run]) -> None:
        was_so, self._all_overdue = self._all_overdue, len(overdue) >= self._threads
        if self._all_overdue and not was_so:
            log.warning(
                "worker %s: all %d threads are in jobs that exceeded their timeout",
                self._dispatcher.id,
                self._threads,
            )

    def _log_stuck(self, run: Run, now: float) -> None:
        stack = [line for state in thread_states([run], [], now) for line in state["stack"]]
        log.warning(
            "job %s (%s) is stuck, %.0f s beyond its timeout of %g s:\n%s",
            run.job_id, run.task, run.overdue_seconds(now), run.timeout, Lines("\n".join(stack)),
        )  # fmt: skip
