"""The ticker: one thread that runs the periodic duties of a worker process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..process.loop import Guard, Loop

MAX_SLEEP: Final = 1.0
"""Seconds: longer, and a clock that was set or a schedule of another process would be seen late."""
MAX_EARLY: Final = 0.5
"""Seconds that a duty may run early, so that those of one second share a wake-up."""


class Duty(Protocol):
    """Periodic work."""

    name: str

    def run_once(self) -> float:
        """Do it; returns the seconds until it is due again."""
        ...


class Ticker:
    """Calls each duty when it is due. An exception in one stops neither it nor the others."""

    def __init__(self, duties: Iterable[Duty], clock: Clock) -> None:
        self._clock = clock
        self._due = dict.fromkeys(duties, 0.0)
        self._guards = {duty: Guard(duty.name, retry_conflicts(duty.run_once)) for duty in self._due}
        self._was_woken = False
        self.last_turn: float | None = None
        self._loop = Loop("ticker", self._run_due_duties)

    def problem(self, hangs_after: float) -> str | None:
        """Why duties are not done: the thread has ended or hangs, or the first of them raises."""
        failing = ((duty.name, guard.failing) for duty, guard in self._guards.items())
        raised = next((f"the {name} fails: {error}" for name, error in failing if error is not None), None)
        return self._loop.problem(hangs_after) or raised

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def wake(self) -> None:
        """A schedule was stored or changed: run all duties at once."""
        self._was_woken = True
        self._loop.wake()

    def stop(self, timeout: float) -> bool:
        """Stop after the current duty. Whether it has stopped within `timeout` seconds."""
        return self._loop.stop(timeout)

    def _run_due_duties(self) -> float:
        # Reset before the duties run: a wake-up while they do is for the next turn.
        was_woken, self._was_woken = self._was_woken, False
        for duty, due in self._due.items():
            if was_woken or due <= self._clock.monotonic() + MAX_EARLY:
                self._due[duty] = self._clock.monotonic() + self._guards[duty].call()
        self.last_turn = self._clock.monotonic()
        return max(0.0, min(MAX_SLEEP, min(self._due.values()) - self.last_turn))
