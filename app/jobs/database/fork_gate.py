"""Keeps this process's threads out of the database while it forks.

SQLite has locks of its own for what connections to one file share. A child that was forked while another
thread held one would wait for it for ever, as soon as it opens that file itself.
"""

from __future__ import annotations

import threading
from typing import Final

PATIENCE: Final = 1.0
"""Seconds that a fork waits for transactions to end; one that waits for a lock holds none."""


class ForkGate:
    """Closed, it lets nobody in; those inside are waited for."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._inside = self._closed = 0

    def enter(self) -> None:
        """Go inside, once the gate is open; whoever is inside has to `leave`."""
        with self._lock:
            if self._closed:
                self._changed.wait_for(lambda: not self._closed)
            self._inside += 1

    def leave(self) -> None:
        """Undo one `enter`."""
        with self._lock:
            self._inside -= 1
            if self._closed:
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in until `open`, and wait PATIENCE seconds for those inside to leave."""
        with self._changed:
            self._closed += 1
            self._changed.wait_for(lambda: not self._inside, PATIENCE)

    def open(self) -> None:
        """Undo one `close`."""
        with self._changed:
            self._closed -= 1
            self._changed.notify_all()
