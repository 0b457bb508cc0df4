"""Ends the runs of this worker that notice neither their timeout nor a request to cancel them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..process.logs import Lines, get_logger
from ..process.stacks import stacks
from ..run import Failure, Outcome, Run
from ..worker.dispatcher import Dispatcher

log = get_logger(__name__)
CHECK_EVERY: Final = 1.0
"""Seconds between two looks, at most."""


class StuckRuns:
    """Ends each run that is JOBS_STUCK_AFTER beyond its timeout or such a request, and logs its stack.

    Its thread cannot be stopped: another takes its place. Warns where all threads of the worker are beyond
    their timeout.
    """

    name = "stuck runs"

    def __init__(self, dispatcher: Dispatcher, settings: Settings, clock: Clock) -> None:
        self._dispatcher, self._clock = dispatcher, clock
        self._stuck_after, self._threads = settings.stuck_after, settings.threads
        self._all_overdue = False

    def run_once(self) -> float:
        """End what is stuck; returns the seconds until it is due again."""
        now = self._clock.monotonic()
        runs = [(run, thread) for run in self._dispatcher.unended() if (thread := run.thread) is not None]
        next_look = now + CHECK_EVERY
        for run, thread in runs:
            if (stuck_at := run.should_end_at + self._stuck_after) <= now:
                self._end(run, thread, now)
            else:
                next_look = min(next_look, stuck_at)
        self._log_if_all(sum(run.overdue_seconds(now) > 0 for run, _ in runs))
        return next_look - now

    def _end(self, run: Run, thread: int, now: float) -> None:
        stack = stacks([thread]).get(thread, [])
        how_far = run.describe_overrun(now)
        if self._dispatcher.end_stuck(run, _outcome(run, how_far, stack), how_far):
            log.warning(
                "job %s (%s) is stuck, %s:\n%s", run.job_id, run.task, how_far, Lines("\n".join(stack))
            )  # fmt: skip

    def _log_if_all(self, overdue: int) -> None:
        lost = overdue + self._dispatcher.unreplaced_threads
        was_so, self._all_overdue = self._all_overdue, lost >= self._threads
        if self._all_overdue and not was_so:
            log.warning(
                "worker %s: all %d threads are in jobs that exceeded their timeout",
                self._dispatcher.id,
                self._threads,
            )


def _outcome(run: Run, how_far: str | None, stack: Sequence[str]) -> Outcome:
    """Cancelled where that was asked for, else failed for good: another attempt would run beside it."""
    if run.cancel_requested:
        return Outcome(
            "cancelled", reason=f"cancelled on request; its thread is stuck, {how_far}", stuck=True
        )
    traceback = "\n".join(["Traceback of the stuck thread (most recent call last):", *stack, ""])
    failure = Failure("JobTimeout", f"its thread is stuck, {how_far}", traceback)
    return Outcome("failed", failure=failure, stuck=True)
