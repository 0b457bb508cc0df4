"""The file of a SQLite database, and whether it is still the one at its path.

A connection goes on with the file that it has opened after that was deleted, or another one was put in its
place: what it commits then is lost, and SQLite does not say a word.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from ..errors import DatabaseUnavailable, TablesMissing
from ..process.logs import get_logger

if sys.platform != "win32":
    import fcntl

log = get_logger(__name__)
CHECK_EVERY: Final = 0.05
"""Seconds between two checks on behalf of those who only read, or begin to write."""
SETTLE: Final = 0.5
"""Seconds for which another file is left alone: whoever restores a backup goes on with -wal and -shm."""
REMOVED: Final = "the database file was removed"
REPLACED: Final = "the database file was replaced"
LOGS: Final = ("-wal", "-shm")

Identity = tuple[int, int]


class DatabaseFile:
    """Used by all threads of a process; `name` is None until a connection says which file it has opened.

    `generation` grows with every file that takes the place of another; `on_replaced`, which is to be set, has
    to close the connections to the file of before.
    """

    def __init__(self, name: str | None) -> None:
        self.path = "" if name is None else _path_of(name)
        self.generation = 0
        self.on_replaced: Callable[[], None] = lambda: None
        self._known: Identity | None = None
        self._logs: dict[str, Identity] = {}
        self._settling: tuple[Identity, float] | None = None
        self._next_check = 0.0
        self.reset()

    def reset(self) -> None:
        """In a child of a fork: nobody holds its lock."""
        self._lock = threading.Lock()

    def begin(self) -> int:
        """To be called before a connection is used; the generation, for `confirm`. Raises as `check`."""
        if time.monotonic() >= self._next_check:
            self.check()
        return self.generation

    def confirm(self, generation: int) -> None:
        """To be called after a commit: raises as `check` if it may have gone into another file."""
        # After, not before it: only then was what it wrote in the file that is at the path.
        self.check()
        if generation != self.generation:
            raise DatabaseUnavailable(REPLACED, REPLACED)

    def check(self) -> None:
        """Raise DatabaseUnavailable where the file was removed, or replaced less than SETTLE seconds ago.

        TablesMissing where there has never been one: a database that is looked for is not made.
        """
        if self.path:
            found = _identity(self.path)
            if found is None or found != self._known:
                self._next_check = 0.0  # nobody else goes on as if nothing had happened
                with self._lock:
                    self._look_closer()
        self._next_check = time.monotonic() + CHECK_EVERY

    def create(self) -> None:
        """Make an empty file, unless there is one."""
        # Without its folder SQLite says best what is wrong.
        with self._lock, suppress(FileNotFoundError):
            if self.path and _identity(self.path) is None:
                Path(self.path).touch()
                self._adopt()

    def opened(self, driver: sqlite3.Connection) -> None:
        """A connection was opened: its log and the index of that belong to this file."""
        if not self.path:
            self.path = driver.execute("PRAGMA database_list").fetchone()[2]
        for suffix in LOGS:
            if (found := _identity(self.path + suffix)) is not None:
                self._logs[suffix] = found

    def _look_closer(self) -> None:
        found, moment = _identity(self.path), time.monotonic()
        if found is None:
            self._settling = None
            self._refuse_missing()
        elif self._known is None:
            self._known = found
        elif found != self._known:
            if self._settling is None or self._settling[0] != found:
                self._settling = found, moment
            if moment - self._settling[1] < SETTLE:
                raise DatabaseUnavailable(REPLACED, REPLACED)
            log.warning("%s (%s): going on with the new one", REPLACED, self.path)
            self._adopt()

    def _refuse_missing(self) -> None:
        if self._known is not None:
            raise DatabaseUnavailable(REMOVED, REMOVED)
        if os.path.isdir(os.path.dirname(self.path)):
            raise TablesMissing()

    def _adopt(self) -> None:
        """Go on with the file that is at the path now."""
        self._set_logs_aside()
        is_another = self._known is not None
        self._known, self._settling = _identity(self.path), None
        if is_another:
            self.generation += 1
            self.on_replaced()

    def _set_logs_aside(self) -> None:
        # SQLite would write a log that was left behind into the new file, which ruins it. Only the log that
        # this process has had open: another one belongs to the new file, or was begun by another process.
        with _alone_in(os.path.dirname(self.path)):
            for suffix, known in self._logs.items():
                name = self.path + suffix
                if _identity(name) == known:
                    os.replace(name, f"{name}.replaced")
                    log.warning("%s belonged to the file of before: it is %s.replaced now", name, name)
        self._logs = {}


def _path_of(name: str) -> str:
    return os.path.abspath(unquote(urlsplit(name).path) if name.startswith("file:") else name)


def _identity(path: str) -> Identity | None:
    """What tells a file from every other one that is there at the same time, or None where there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_dev


@contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """One process at a time: between a look at a log and its renaming another may begin a new one."""
    # The folder's lock: closing any file of SQLite's would drop the locks that this process has on it.
    if sys.platform == "win32":  # where nobody can replace a file that is open
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
