"""Whose turn it is to write to SQLite, among the threads of this process and among processes."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import DatabaseUnavailable

SHORTEST_PAUSE: Final = 0.0002
LONGEST_PAUSE: Final = 0.005
"""Seconds between two attempts to write while another process does."""


class Turn:
    """Lets one thread of this process write at a time.

    SQLite's own lock is waited for by looking again; here the next one goes on at once.
    """

    def __init__(self, patience: float) -> None:
        self._patience = self._left = patience
        self.begin_afresh()

    def begin_afresh(self) -> None:
        """In a child of a fork: nobody has the turn."""
        self._lock = threading.Lock()
        self._nothing = threading.Event()  # is never set

    def take(self) -> threading.Lock:
        """Have the turn, until the lock is released. Raises DatabaseUnavailable after `patience` seconds."""
        asked, lock = time.monotonic(), self._lock
        if not lock.acquire(timeout=self._patience):
            raise DatabaseUnavailable(f"others of this process have been writing for {self._patience:g} s")
        self._left = self._patience - (time.monotonic() - asked)
        return lock

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the turn for the block; raises as `take`."""
        lock = self.take()
        try:
            yield
        finally:
            lock.release()

    def begin(self, driver: sqlite3.Connection) -> None:
        """Begin to write; waits for other processes with the patience that the wait for the turn has left.

        SQLite's own wait, which `driver` must not have, looks again after 1, 2, 5, 10, 15 … ms: who has just
        written is back before the others look, and much of the time nobody writes. Short pauses of random
        length are fairer.
        """
        until, pause = time.monotonic() + self._left, SHORTEST_PAUSE
        while not _begins(driver, is_last=time.monotonic() >= until):
            self._nothing.wait(pause * random.random())
            pause = min(LONGEST_PAUSE, 1.2 * pause)

    def begin_as_it_is(self, driver: sqlite3.Connection) -> None:
        """`begin` for one whose SQLite waits, as it does afterwards."""
        wait_for_locks(driver, 0.0)
        try:
            self.begin(driver)
        finally:
            wait_for_locks(driver, self._patience)


def _begins(driver: sqlite3.Connection, is_last: bool) -> bool:
    """Whether nobody else writes; the last attempt raises instead."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def wait_for_locks(driver: sqlite3.Connection, seconds: float) -> None:
    """How long SQLite itself waits for other processes."""
    driver.execute(f"PRAGMA busy_timeout = {1_000 * seconds:.0f}")
