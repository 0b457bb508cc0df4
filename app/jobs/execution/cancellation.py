"""The cancellation point of a run."""

from __future__ import annotations

from ..clock import Clock
from ..errors import JobCancelled, JobTimeout
from ..run import Run


def check(run: Run, clock: Clock) -> None:
    """Raise JobCancelled on request, JobTimeout past the deadline."""
    if run.cancel_requested:
        raise JobCancelled("cancelled on request")
    if run.deadline is not None and run.deadline <= clock.monotonic():
        raise JobTimeout("ran past its timeout")
