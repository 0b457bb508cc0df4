"""What an engine is: where claimed jobs run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..outcomes import Outcome
from ..run import Run

OnEnd = Callable[[Run, Outcome], None]
"""Called once for each run that an engine was given, from any thread; returns at once."""
RunTask = Callable[[Run], Outcome]
"""Calls the task of a run in the calling thread; never raises."""


class Engine(Protocol):
    """Runs what it is given, in order, as many at a time as it has room for, and calls its OnEnd.

    It knows nothing of SQL, of limits or of Flask's routes. What it has not begun it can give back as
    released; what it is asked to cancel it tells the task, as far as it can.
    """

    name: str
    """Stored with each job that it ran."""
    is_closed: bool
    """It begins nothing more; nothing is to be claimed for it."""

    def start(self, runs: Sequence[Run]) -> None:
        """Take the runs. Closed, it releases them."""

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """End as released what was claimed more than so many seconds ago and has not begun."""

    def cancel(self, run: Run) -> None:
        """Have the next cancellation point of the task raise JobCancelled."""

    def close(self) -> None:
        """Begin nothing more, and release what has not begun; what runs goes on."""
