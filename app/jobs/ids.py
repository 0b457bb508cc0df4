"""Ids of jobs and batches: UUIDv7, ordered by time (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import re
import struct
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Final

_TICKS_PER_SECOND: Final = 4_096_000
_RANDOM_BATCH: Final = 128
_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Ticks(threading.local):
    """48 bits of milliseconds, then 12 bits of the millisecond's fraction, as one increasing number."""

    # One for each thread: no lock that a fork could leave held, and none to wait for.

    last = 0
    random: Iterator[tuple[int]] = iter(())

    def random_bits(self) -> int:
        """62 random bits."""
        # urandom releases the GIL, and getting it back under load takes longer than the call: many at once.
        for (number,) in self.random:
            return number >> 2
        self.random = struct.iter_unpack("Q", os.urandom(8 * _RANDOM_BATCH))
        return self.random_bits()

    def discard_random(self) -> None:
        """After a fork, in the child: its parent has the same ones."""
        self.random = iter(())

    def next(self, seconds: float) -> int:
        ticks = int(seconds * _TICKS_PER_SECOND)
        # Within a second the order is kept; a clock that was set back further is taken as right.
        if 0 <= self.last - ticks < _TICKS_PER_SECOND:
            ticks = self.last + 1
        self.last = ticks
        return ticks


_ticks = _Ticks()
if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_ticks.discard_random)


def new_id(at: datetime | None = None) -> str:
    """A UUIDv7 of the time `at` (default: now).

    In a thread each is greater than the one before (RFC 9562, 6.2, method 3).
    """
    return _compose(_ticks.next(time.time() if at is None else at.timestamp()), _ticks.random_bits())


def first_id_at(moment: datetime) -> str:
    """The smallest UUIDv7 of the millisecond of `moment`: ids made earlier are smaller."""
    return _compose(int(moment.timestamp() * 1000) << 12, 0)


def first_id_after(moment: datetime) -> str:
    """The smallest UUIDv7 of the millisecond after that of `moment`: ids made until `moment` are smaller."""
    # Not first_id_at of a later moment: the last one of the calendar has none.
    return _compose(int(moment.timestamp() * 1000) + 1 << 12, 0)


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in its canonical form."""
    return _UUID.fullmatch(text) is not None


def _compose(ticks: int, tail: int) -> str:
    text = f"{ticks:015x}{0b10 << 62 | tail:016x}"
    return f"{text[:8]}-{text[8:12]}-7{text[12:15]}-{text[15:19]}-{text[19:]}"
