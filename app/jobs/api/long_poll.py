"""Asking for a job again and again, cheaply: conditional requests and waiting ones."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from flask import current_app, request

from ..job import Job, Stamp
from ..service import runtime

ROOM: Final = "simmer.waiting_room"
"""Where an app keeps its waiting room, in `app.extensions`."""
LOOK_ROUND: Final = 1.0
"""Seconds after which a waiting request looks whether its process is draining."""

ASSUMED_THREADS: Final = 16
"""What a server is taken to have where it does not say."""

_SECONDS = re.compile(r'"?([0-9]{1,9})"?')


class WaitingRoom:
    """Counts the waiting requests of one app in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._lock:
            return self._waiting

    @contextmanager
    def seat(self, server_threads: int | None) -> Iterator[bool]:
        """Give a seat for the block, or False at once where half of the server's threads wait already."""
        seated = self._enter((server_threads or ASSUMED_THREADS) // 2)
        try:
            yield seated
        finally:
            if seated:
                self._leave()

    def _enter(self, seats: int) -> bool:
        with self._lock:
            if self._waiting >= seats:
                return False
            self._waiting += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1


def wanted(asked: float | None) -> float | None:
    """For how many seconds the client would wait: `asked` in its query, else in its Prefer header."""
    seconds = _preferred() if asked is None else asked
    return None if seconds is None else min(seconds, runtime().settings.max_wait)


def wait(job: Job, seconds: float) -> tuple[Job, dict[str, str]]:
    """Wait up to `seconds` for the end of `job`, or for any change if the client has it as it is.

    Returns the newest snapshot and the headers that say whether the wait was honoured.
    """
    honoured, refused = {"Preference-Applied": f"wait={seconds:g}"}, {"Retry-After": "1"}
    conditional = has_copy()
    if job.is_final or seconds == 0 or (conditional and not client_has(job)):
        return job, honoured
    room = cast(WaitingRoom, current_app.extensions[ROOM])
    with room.seat(runtime().server_threads) as seated:
        if not seated or runtime().draining:
            return job, refused
        latest, whole = _wait(job, seconds, job.version if conditional else None)
    return latest, honoured if whole else refused


def _wait(job: Job, seconds: float, seen: int | None) -> tuple[Job, bool]:
    """The newest snapshot, and whether it was waited for as asked: a draining process stops waiting."""
    # The client's seconds are real ones, also where a test has stopped the app's clock.
    host, end = runtime(), time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        job = host.jobs.wait(job.id, min(left, LOOK_ROUND), seen)
        if job.is_final or (seen is not None and job.version != seen) or left <= LOOK_ROUND:
            return job, True
        if host.draining:
            return job, False


def has_copy() -> bool:
    """Whether the client has the job as it was some time, and wants it only where it has changed."""
    return "HTTP_IF_NONE_MATCH" in request.environ


def client_has(job: Job | Stamp) -> bool:
    """Whether If-None-Match names the job as it is (weak comparison)."""
    named = request.environ.get("HTTP_IF_NONE_MATCH")
    if named is None:
        return False
    return named == f'W/"{job.version}"' or request.if_none_match.contains_weak(str(job.version))


def _preferred() -> float | None:
    """`wait=N` of the Prefer header (RFC 7240); what cannot be read is ignored, as the RFC wants it."""
    preferences = request.environ.get("HTTP_PREFER")
    for preference in preferences.split(",") if preferences else ():
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait" and (found := _SECONDS.fullmatch(value.strip())):
            return float(found[1])
    return None
