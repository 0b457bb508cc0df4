"""SQLite's write lock: who holds it, among the threads of this process and among processes."""

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


class WriteLock:
    """Lets one thread of this process write at a time, and begins its transaction.

    SQLite's own lock is waited for by polling; within a process the next thread goes on at once.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self.time_left = timeout
        """Seconds that the wait for the lock has left for other processes; for the holder."""
        self.reset()

    def reset(self) -> None:
        """In a child of a fork: nobody holds it, whichever thread of the parent did."""
        self._lock = threading.Lock()
        self._never = threading.Event()  # is never set: its wait can be interrupted, a sleep cannot

    def acquire(self) -> threading.Lock:
        """The lock, held; the caller releases it. Raises DatabaseUnavailable after `timeout` seconds."""
        asked, lock = time.monotonic(), self._lock
        if not lock.acquire(timeout=self._timeout):
            reason = f"others of this process have been writing for {self._timeout:g} s"
            raise DatabaseUnavailable(reason, reason)
        self.time_left = self._timeout - (time.monotonic() - asked)
        return lock

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for the block; raises as `acquire`."""
        lock = self.acquire()
        try:
            yield
        finally:
            lock.release()

    def begin(self, driver: sqlite3.Connection) -> None:
        """BEGIN IMMEDIATE; waits for other processes for as long as the wait for the lock has left.

        SQLite's own wait, which `driver` must not have, tries again after 1, 2, 5, 10, 15 … ms: who has just
        written is back before the others try, and much of the time nobody writes. Short pauses of random
        length are fairer.
        """
        until, pause = time.monotonic() + self.time_left, SHORTEST_PAUSE
        while not _begins(driver, is_last=time.monotonic() >= until):
            self._never.wait(pause * random.random())
            pause = min(LONGEST_PAUSE, 1.2 * pause)

    def can_begin(self, driver: sqlite3.Connection) -> bool:
        """Whether `begin` finds nobody else writing; what it began is undone."""
        set_busy_timeout(driver, 0.0)
        try:
            self.begin(driver)
        except sqlite3.OperationalError as error:
            return not is_busy(error)
        driver.rollback()
        return True

    def begin_with_busy_timeout(self, driver: sqlite3.Connection) -> None:
        """`begin` on a connection whose SQLite waits for locks, and does so afterwards."""
        set_busy_timeout(driver, 0.0)
        try:
            self.begin(driver)
        finally:
            set_busy_timeout(driver, self._timeout)


def _begins(driver: sqlite3.Connection, is_last: bool) -> bool:
    """Whether nobody else writes; the last attempt raises instead."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or not is_busy(error):
            raise
        return False
    return True


def is_busy(error: sqlite3.Error) -> bool:
    """Whether SQLite has found the lock of somebody else."""
    # The lower byte: SQLITE_BUSY_RECOVERY and its like are busy too.
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def set_busy_timeout(driver: sqlite3.Connection, seconds: float) -> None:
    """How long SQLite itself waits for the locks of other processes."""
    driver.execute(f"PRAGMA busy_timeout = {1_000 * seconds:.0f}")
