"""Sees at a glance that somebody has written to the database, so that nobody asks it in vain."""

from __future__ import annotations

import sqlite3

from ..errors import DatabaseUnavailable
from .fork_gate import Gate


class Watch:
    """Whether anybody has committed since it was asked last; for one thread.

    By SQLite's `PRAGMA data_version` on a connection of its own, which costs 10 µs. Where there is none
    (`path` is None), looking is as cheap as asking, and the answer is always yes.
    """

    def __init__(self, path: str | None, gate: Gate) -> None:
        self._path, self._gate = path, gate
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    def has_news(self) -> bool:
        """True the first time. Raises DatabaseUnavailable."""
        if self._path is None:
            return True
        seen, self._seen = self._seen, self._version(self._path)
        return seen != self._seen

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    def _version(self, path: str) -> int:
        self._gate.enter()
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(path, check_same_thread=False)
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise DatabaseUnavailable(str(error)) from error
        finally:
            self._gate.leave()
