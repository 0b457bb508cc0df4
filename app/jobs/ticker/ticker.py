"""The ticker: one light thread that does the duties which keep the service running."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..process.loop import Guard, Loop

LONGEST_PAUSE: Final = 1.0
"""It never sleeps longer, so that a clock that was set or another process's schedule is seen in time."""


TOGETHER: Final = 0.5
"""Seconds that a duty may be early, so that those of one second share a wake-up."""


class Duty(Protocol):
    """Something to do now and then."""

    name: str

    def run_once(self) -> float:
        """Do it; answer in how many seconds it is due again."""
        ...


class Ticker:
    """Calls each duty when it is due. What one of them raises stops neither it nor the others."""

    def __init__(self, duties: Iterable[Duty], clock: Clock) -> None:
        self._clock = clock
        self._due = dict.fromkeys(duties, 0.0)
        self._guards = {duty: Guard(duty.name, retry_conflicts(duty.run_once)) for duty in self._due}
        self._called = False
        self.last_turn: float | None = None
        self._loop = Loop("ticker", self._turn)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._loop.is_alive

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def wake(self) -> None:
        """A schedule was stored or changed: look at once."""
        self._called = True
        self._loop.wake()

    def stop(self, timeout: float) -> bool:
        """Stop after the current duty. Whether it has stopped within `timeout` seconds."""
        return self._loop.stop(timeout)

    def _turn(self) -> float:
        called, self._called = self._called, False
        for duty, due in self._due.items():
            if called or due <= self._clock.monotonic() + TOGETHER:
                self._due[duty] = self._clock.monotonic() + self._guards[duty].call()
        self.last_turn = self._clock.monotonic()
        return max(0.0, min(LONGEST_PAUSE, min(self._due.values()) - self.last_turn))
