"""Ids of jobs and batches: UUIDv7, ordered by time (RFC 9562, section 5.7)."""

from __future__ import annotations

import re
import secrets
import threading
import time
from datetime import datetime
from typing import Final

_SECOND: Final = 4_096_000
_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Ticks(threading.local):
    """48 bits of milliseconds, then 12 bits of the millisecond's fraction, as one number that only grows.

    One for each thread, so that there is no lock which a fork could leave held.
    """

    last = 0

    def next(self, seconds: float) -> int:
        ticks = int(seconds * 4_096_000)
        if 0 <= self.last - ticks < _SECOND:  # a clock that was set back further is believed
            ticks = self.last + 1
        self.last = ticks
        return ticks


_ticks = _Ticks()


def new_id(at: datetime | None = None) -> str:
    """A UUIDv7 string of that moment (default: now).

    In a thread each is greater than the one before (RFC 9562, 6.2, method 3).
    """
    return _compose(_ticks.next(time.time() if at is None else at.timestamp()), secrets.randbits(62))


def first_id_at(moment: datetime) -> str:
    """The smallest UUIDv7 of that millisecond: ids made earlier are smaller."""
    return _compose(int(moment.timestamp() * 1000) << 12, 0)


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in its canonical form."""
    return _UUID.fullmatch(text) is not None


def _compose(ticks: int, tail: int) -> str:
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | tail
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
