"""Streams: what happens to a job, in order, from a place on.

A place has the last event, line and value that were seen, and a digest of the progress: whoever comes back
with it, to whichever process, misses nothing and gets nothing twice. Of the progress the newest alone counts.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from logging import NOTSET
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import InvalidCursor
from ..job import Progress, Stamp
from ..states import RUNNING, is_final
from ..store import emitted, events, logs, queries
from ..store.emitted import Emitted
from ..store.log_positions import START, Position
from ..values import LogLine, StreamEvent
from .jobs import CHECK_EVERY, refuse_in_job

MOST_EVENTS: Final = 1_000
"""State changes of a page."""
_NONE: Final = "0"
_PLACE: Final = re.compile(
    r"([0-9]{1,18})-([0-9]{1,9})\.([0-9]{1,18})-([0-9]{1,9})\.([0-9]{1,18})-([0-9a-f]{8}|0)"
)


class _Entry(NamedTuple):
    """What becomes a StreamEvent: its kind and its data, what of the place it changes, and when it was."""

    type: str
    data: Any
    moved: dict[str, Any]
    at: datetime | None = None


_moment: Final = attrgetter("at")


class Place(NamedTuple):
    """Behind an event, a line of the log and a value, with the digest of a progress."""

    event: int = 0
    log: Position = START
    data: Position = START
    progress: str = _NONE

    @property
    def text(self) -> str:
        """The id of what leads to this place."""
        return f"{self.event}-{self.log.text}-{self.data.text}-{self.progress}"

    @classmethod
    def of(cls, text: str | None) -> Place:
        """The place of an id, the beginning of none; raises InvalidCursor."""
        if text is None:
            return cls()
        if (found := _PLACE.fullmatch(text)) is None:
            raise InvalidCursor("this is not the id of an event of a stream: begin without one")
        event, log_run, log_seq, data_run, data_seq = map(int, found.groups()[:5])
        return cls(event, Position(log_run, log_seq), Position(data_run, data_seq), found[6])


class Streams:
    """`stamp` returns the stamp of a job, or raises JobNotFound."""

    def __init__(self, database: Database, notifier: Notifier, stamp: Callable[[str], Stamp]) -> None:
        self._database, self._notifier, self._stamp = database, notifier, stamp

    def open(self, job_id: str, after: str | None = None) -> JobStream:
        """The stream of a job behind the id `after`. Raises JobNotFound, InvalidCursor."""
        place = Place.of(after)
        self._stamp(job_id)
        return JobStream(job_id, place, self._database, self._notifier, self._stamp)

    def follow(self, job_id: str, after: str | None = None) -> Iterator[StreamEvent]:
        """What happens to the job, as it happens, until it is final.

        Raises as `open` at once, as `JobStream.wait` while it is read; RuntimeError inside a job.
        """
        refuse_in_job()
        return self.open(job_id, after).events()


class JobStream:
    """What happens to one job; for one thread.

    `is_live`: the job is not final, as far as was read; `is_over`: it is, and all of it was returned.
    """

    def __init__(
        self, job_id: str, place: Place, database: Database, notifier: Notifier,
        stamp: Callable[[str], Stamp],
    ) -> None:  # fmt: skip
        self._job_id, self._place = job_id, place
        self._database, self._notifier, self._stamp = database, notifier, stamp
        self._seen: int | None = None
        """The version of which all was returned."""
        self.is_live, self.is_over = True, False

    def wait(self, timeout: float) -> list[StreamEvent]:
        """What has happened since the last call; where there is nothing, what does within `timeout` seconds.

        Raises JobNotFound where the job was deleted, DatabaseUnavailable: both leave the stream as it is.
        """
        # Not the injected clock: while a test has it stand still the wait would never end.
        deadline = time.monotonic() + timeout
        with self._notifier.listen(self._job_id) as changed:
            while True:
                # Cleared before the read: a change after it sets the event again.
                changed.clear()
                found = self._read()
                left = deadline - time.monotonic()
                if found or self.is_over or left <= 0:
                    return found
                # The event is for commits of this process; those of others are seen by reading again.
                changed.wait(min(left, CHECK_EVERY))

    def events(self) -> Iterator[StreamEvent]:
        """All that happens until it is over."""
        while not self.is_over:
            yield from self.wait(CHECK_EVERY)

    def _read(self) -> list[StreamEvent]:
        stamp = self._stamp(self._job_id)
        # What a run says while it goes on is a change of no version; everything else is.
        is_changed = stamp.version != self._seen
        if not is_changed and stamp.state != RUNNING:
            return []
        with self._database.read() as conn:
            # The events first: what a run has said by its end is there when that end is seen.
            changes = self._changes(conn) if is_changed else []
            values, has_all_values = emitted.read(conn, self._job_id, self._place.data)
            lines, log_end, has_all_lines = logs.read(conn, self._job_id, self._place.log, NOTSET)
            progress = queries.read(conn, queries.PROGRESS, self._job_id) if is_changed else None
        has_said_all = has_all_values and has_all_lines
        is_all = has_said_all and len(changes) < MOST_EVENTS
        entries = self._in_order(changes, lines, values, progress, has_said_all)
        found = [self._advance(entry) for entry in entries]
        self._place = self._place._replace(log=log_end)
        self._seen = stamp.version if is_all else None
        self.is_live = not (stamp.is_final and all(is_final(each["to"]) for each in changes[-1:]))
        self.is_over = is_all and not self.is_live
        return found

    def _changes(self, conn: Connection) -> list[dict[str, Any]]:
        if not self._place.event:  # the state as it is, not how it came to it
            return events.newest(conn, self._job_id)
        return events.events_of(conn, self._job_id, self._place.event, MOST_EVENTS)

    def _in_order(
        self, changes: Sequence[dict[str, Any]], lines: Sequence[LogLine], values: Sequence[Emitted],
        progress: tuple[str | None, Progress] | None, has_said_all: bool,
    ) -> list[_Entry]:  # fmt: skip
        """By time, but for the state with which a stream begins; the final one is last, behind all."""
        states = [_Entry("state", each, {"event": each["id"]}, each["at"]) for each in changes]
        said = merge(
            [_Entry("log", line, {"log": Position(line.run, line.seq)}, line.at) for line in lines],
            [_Entry("data", value.data, {"data": value.position}, value.at) for value in values],
            key=_moment,
        )
        end = states[-1:] if states and is_final(changes[-1]["to"]) else []
        before = states[: len(states) - len(end)]
        # What was said by the time at which a stream begins is older than the state as it is.
        in_order = merge(before, said, key=_moment) if self._place.event else [*before, *said]
        return [*in_order, *self._progress(progress), *(end if has_said_all else [])]

    def _progress(self, found: tuple[str | None, Progress] | None) -> list[_Entry]:
        if found is None:
            return []
        text, progress = found
        digest = _NONE if text is None else hashlib.sha256(text.encode()).hexdigest()[:8]
        return [] if digest == self._place.progress else [_Entry("progress", progress, {"progress": digest})]

    def _advance(self, entry: _Entry) -> StreamEvent:
        self._place = self._place._replace(**entry.moved)
        return StreamEvent(id=self._place.text, type=entry.type, data=entry.data)
