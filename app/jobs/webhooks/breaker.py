"""Keeps a receiver that does not answer from holding the threads of a process, each for as long as it may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from .client import DeliveryFailed

PAUSE: Final = 15.0
"""Seconds for which a host is not called after it did not answer."""
MOST_HOSTS: Final = 1_000


class Breaker:
    """Which hosts did not answer a moment ago. Of those that may be called again one call at a time tries."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` is the clock of the pauses."""
        self._lock, self._monotonic = threading.Lock(), monotonic
        self._closed_until: dict[str, float] = {}

    def check(self, host: str) -> None:
        """Raise DeliveryFailed where the host is not to be called now; followed by `record` where it is."""
        now = self._monotonic()
        with self._lock:
            until = self._closed_until.get(host)
            if until is None:
                return
            if now < until:
                raise DeliveryFailed(f"{host} did not answer a moment ago, and is left alone until later")
            # Whoever comes while this call tries waits for what comes of it.
            self._closed_until[host] = now + PAUSE

    def record(self, host: str, *, answered: bool) -> None:
        """It answered, whatever that was, or did not."""
        with self._lock:
            if answered:
                self._closed_until.pop(host, None)
                return
            while len(self._closed_until) >= MOST_HOSTS:
                del self._closed_until[next(iter(self._closed_until))]
            self._closed_until[host] = self._monotonic() + PAUSE
