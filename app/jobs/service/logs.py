"""Use cases of the log of a job: read it, wait for more of it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from threading import Event
from typing import Final

from ..database.database import Database
from ..errors import InvalidCursor
from ..job import Stamp
from ..store import logs
from ..store.log_positions import START, Position
from ..values import LogPage

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
CHECK_EVERY: Final = 0.1
"""Seconds between two reads for lines that a worker wrote."""
_CURSOR: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,18})")


class Logs:
    """`stamp` returns the stamp of a job, or raises JobNotFound."""

    def __init__(self, database: Database, stamp: Callable[[str], Stamp]) -> None:
        self._database, self._stamp = database, stamp

    def read(self, job_id: str, after: str | None = None, level: str | None = None) -> LogPage:
        """Lines behind the cursor `after`, of `level` or above; a page of half a megabyte.

        Raises JobNotFound, InvalidCursor, and ValueError for what is not a level.
        """
        position, least = _position(after), _level_number(level)
        # The state first: what is final by then logs nothing more.
        is_final = self._stamp(job_id).is_final
        with self._database.read() as conn:
            lines, position, is_all = logs.read(conn, job_id, position, least)
            while not lines and not is_all:
                lines, position, is_all = logs.read(conn, job_id, position, least)
        page = LogPage(lines)
        page.next_cursor, page.is_last = position.text, is_final and is_all
        return page

    def wait(
        self, job_id: str, timeout: float, after: str | None = None, level: str | None = None
    ) -> LogPage:  # fmt: skip
        """As `read`; where there is nothing yet as soon as there is, or after `timeout` seconds."""
        # Not the injected clock: while a test has it stand still the wait would never end.
        deadline, pause = time.monotonic() + timeout, Event()
        while True:
            page = self.read(job_id, after, level)
            left = deadline - time.monotonic()
            if page or page.is_last or left <= 0:
                return page
            after = page.next_cursor
            pause.wait(min(left, CHECK_EVERY))


def _position(cursor: str | None) -> Position:
    if cursor is None:
        return START
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidCursor()
    return Position(int(found[1]), int(found[2]))


def _level_number(level: str | None) -> int:
    if level is None:
        return logging.NOTSET
    if level.lower() not in LEVELS:
        raise ValueError(f"{level!r} is not a level: there are {', '.join(LEVELS)}")
    number: int = logging.getLevelNamesMapping()[level.upper()]
    return number
