"""The interface of an engine: where claimed jobs run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..run import Outcome, Run

OnEnd = Callable[[Run, Outcome], None]
"""Called once for each run that an engine was given, from any thread; returns at once."""
RunTask = Callable[[Run], Outcome]
"""Calls the task of a run in the calling thread; never raises."""


class Engine(Protocol):
    """Runs what it is given, in order, as many at a time as it has threads, and calls its OnEnd.

    It knows nothing of SQL, limits or Flask's routes. Runs that have not begun can be ended as released;
    cancel requests are forwarded to the task as far as the engine can.
    """

    name: str
    """Stored with each job that it ran."""
    is_closed: bool
    """It begins nothing more; nothing is to be claimed for it."""

    def start(self, runs: Sequence[Run]) -> None:
        """Queue the runs; a closed engine releases them. One that raises has taken none of them."""

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """Release runs that were claimed over `older_than` seconds ago and have not begun; 0 means all."""

    def cancel(self, run: Run) -> None:
        """Make the next cancellation point of the task raise JobCancelled."""

    def replace_thread(self, run: Run) -> bool:
        """Count the thread of `run` as lost and use another, up to as many as it has, until the run ends.

        False where there is nothing to replace, or the run has ended. Its OnEnd is called all the same.
        """

    def close(self) -> None:
        """Begin no further run, and release those that have not begun; running ones go on."""
