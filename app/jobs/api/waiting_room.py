"""How many requests may hold a server's thread while they wait for a job."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ASSUMED_THREADS: Final = 16
"""What a server is taken to have where it does not say."""


class WaitingRoom:
    """Counts the waiting requests of one app in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._lock:
            return self._waiting

    @contextmanager
    def seat(self, server_threads: int | None) -> Iterator[bool]:
        """Give a seat for the block, or False at once where half of the server's threads wait already."""
        seated = self._enter((server_threads or ASSUMED_THREADS) // 2)
        try:
            yield seated
        finally:
            if seated:
                self._leave()

    def _enter(self, seats: int) -> bool:
        with self._lock:
            if self._waiting >= seats:
                return False
            self._waiting += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1
