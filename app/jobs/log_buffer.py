"""The log of one run, and the data that it emitted: what is not stored yet, and what of the rest has to go.

A run may log without end, and its log stays small: the oldest lines are kept and the newest, and those in
between are dropped, here before they are stored and afterwards in the database. The lines of a run are
numbered, so that whoever reads them sees what is missing. Of the data, a result in parts, none
is dropped: what is too much is refused.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

KEPT_BYTES: Final = 1_000_000
"""Bytes of the oldest lines that are kept of a run, and as many of the newest."""
MOST_EMITTED: Final = 10_000
"""How often a run may emit data."""
MAX_EMITTED_BYTES: Final = 1_000_000
"""Bytes of all data that a run may emit."""
CHUNK_BYTES: Final = 64 * 1024
"""Bytes from which on a row is full: a row for each line would take twenty times as long to write."""
_AROUND: Final = 2
"""Bytes that a line takes beside its text, at most."""


class LogChunk(NamedTuple):
    """Lines that are one row: the numbers of the first and the last, the highest level, a JSON list."""

    first: int
    last: int
    level: int
    size: int
    lines: str


class LogBatch(NamedTuple):
    """What is to be stored of a run at once; stored rows that begin within `gone` are to be deleted."""

    oldest: tuple[LogChunk, ...]
    newest: tuple[LogChunk, ...]
    gone: tuple[int, int] | None
    emitted: tuple[LogChunk, ...] = ()


class _Line(NamedTuple):
    number: int
    level: int
    size: int
    text: str


class LogBuffer:
    """`append` and `emit` are called from the threads of the task, all else from the thread that writes."""

    def __init__(self) -> None:
        # Reentrant: a signal handler may log in the thread that is logging.
        self._lock = threading.RLock()
        self._count = 0
        self._room = KEPT_BYTES
        self._oldest: deque[_Line] = deque()
        self._newest: deque[_Line] = deque()
        self._newest_size = 0
        self._stored: deque[LogChunk] = deque()
        """Of the newest, without their lines."""
        self._emitted: deque[_Line] = deque()
        self._emitted_count = self._emitted_size = 0

    def append(self, level: int, text: str) -> None:
        """Add a line, JSON text without half surrogate pairs; one of the newest drops what is too old."""
        size = len(text.encode()) + _AROUND
        with self._lock:
            self._count += 1
            line = _Line(self._count, level, size, text)
            if size <= self._room:
                self._room -= size
                self._oldest.append(line)
                return
            self._room = 0
            self._newest.append(line)
            self._newest_size += size
            while self._newest_size > KEPT_BYTES:
                self._newest_size -= self._newest.popleft().size

    def emit(self, text: str) -> None:
        """Add data, JSON text as of a line; raises ValueError where it is more than a run may emit."""
        size = len(text.encode()) + _AROUND
        with self._lock:
            if self._emitted_count >= MOST_EMITTED or self._emitted_size + size > MAX_EMITTED_BYTES:
                raise ValueError(
                    f"a run emits up to {MOST_EMITTED:,} values of {MAX_EMITTED_BYTES:,} bytes in all: emit"
                    " less often, or attach a file"
                )
            self._emitted_count += 1
            self._emitted_size += size
            self._emitted.append(_Line(self._emitted_count, 0, size, text))

    def pending(self) -> LogBatch | None:
        """What is not stored yet, None where there is nothing. It stays until `mark_recorded`."""
        if not self._oldest and not self._newest and not self._emitted:
            return None
        with self._lock:
            oldest, newest, emitted = tuple(self._oldest), tuple(self._newest), tuple(self._emitted)
        chunks = tuple(_chunks(newest))
        return LogBatch(
            tuple(_chunks(oldest)), chunks, self._gone_before(chunks), tuple(_chunks(emitted))
        )  # fmt: skip

    def mark_recorded(self, batch: LogBatch) -> None:
        """`batch` is stored."""
        last = max((chunk.last for chunk in (*batch.oldest, *batch.newest)), default=0)
        last_emitted = batch.emitted[-1].last if batch.emitted else 0
        with self._lock:
            while self._emitted and self._emitted[0].number <= last_emitted:
                self._emitted.popleft()
            while self._oldest and self._oldest[0].number <= last:
                self._oldest.popleft()
            while self._newest and self._newest[0].number <= last:
                self._newest_size -= self._newest.popleft().size
        while batch.gone is not None and self._stored and self._stored[0].first <= batch.gone[1]:
            self._stored.popleft()
        self._stored += [chunk._replace(lines="") for chunk in batch.newest]

    def _gone_before(self, chunks: Iterable[LogChunk]) -> tuple[int, int] | None:
        """The numbers between which stored rows begin for which there is no room beside `chunks`."""
        size = sum(chunk.size for chunk in (*self._stored, *chunks))
        gone = None
        for chunk in self._stored:
            if size <= KEPT_BYTES:
                break
            gone = self._stored[0].first, chunk.first
            size -= chunk.size
        return gone


def _chunks(lines: Iterable[_Line]) -> Iterable[LogChunk]:
    part: list[_Line] = []
    size = 0
    for line in lines:
        part.append(line)
        size += line.size
        if size >= CHUNK_BYTES:
            yield _chunk(part, size)
            part, size = [], 0
    if part:
        yield _chunk(part, size)


def _chunk(lines: list[_Line], size: int) -> LogChunk:
    text = ",".join([line.text for line in lines])
    return LogChunk(lines[0].number, lines[-1].number, max(line.level for line in lines), size, f"[{text}]")
