"""The clocks of the package, injected so that tests can set the time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The system's clocks."""

    def now(self) -> datetime:
        """The wall clock, aware and UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back, since an arbitrary moment; for every duration."""
        return time.monotonic()


class ManualClock(Clock):
    """A clock that stands still until `advance` moves it; `jump` moves only the wall clock."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._now = start or datetime.now(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """The time that the clock was moved to."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """The sum of all that `advance` added."""
        with self._lock:
            return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or NTP would."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
