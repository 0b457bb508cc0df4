"""Long polling for one job."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, cast

from flask import current_app, request

from ..job import Job
from ..service import runtime
from .conditional import is_conditional, is_not_modified, job_tag

SLOTS_KEY: Final = "simmer.long_poll_slots"
"""The key of an app's LongPollSlots in `app.extensions`."""
DRAIN_CHECK_EVERY: Final = 1.0
"""Seconds between two checks of a waiting request whether its process is draining."""

ASSUMED_THREADS: Final = 16
"""The number of threads of a server that does not tell it."""

_SECONDS = re.compile(r'"?([0-9]{1,9})"?')


class LongPollSlots:
    """Limits how many requests of one app wait at a time in one process."""

    # Each waiting request holds a thread of the server: without a limit, pollers would keep it from
    # answering anything else, its health checks included.

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._lock:
            return self._waiting

    @contextmanager
    def slot(self, server_threads: int | None) -> Iterator[bool]:
        """A slot for the block; False at once where half of the server's threads wait already."""
        has_slot = self._enter((server_threads or ASSUMED_THREADS) // 2)
        try:
            yield has_slot
        finally:
            if has_slot:
                self._leave()

    def _enter(self, limit: int) -> bool:
        with self._lock:
            if self._waiting >= limit:
                return False
            self._waiting += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1


def requested_wait(in_query: float | None) -> float | None:
    """Seconds that the client asks to wait: `in_query`, else its Prefer header; None for no wait."""
    seconds = _prefer_wait() if in_query is None else in_query
    return None if seconds is None else min(seconds, runtime().settings.max_wait)


def wait(job: Job, seconds: float) -> tuple[Job, dict[str, str]]:
    """Wait up to `seconds` for the final state of `job`, or for any change if If-None-Match names it.

    Returns the newest snapshot and the headers that tell whether the wait was honoured.
    """
    honoured, refused = {"Preference-Applied": f"wait={seconds:g}"}, {"Retry-After": "1"}
    conditional = is_conditional()
    if job.is_final or seconds == 0 or (conditional and not is_not_modified(job_tag(job))):
        return job, honoured
    with waiting_slot() as has_slot:
        if not has_slot or runtime().draining:
            return job, refused
        latest, was_honoured = _wait(job, seconds, job.version if conditional else None)
    return latest, honoured if was_honoured else refused


def waiting_slot() -> AbstractContextManager[bool]:
    """A slot of the current app to wait in; False at once where half of the server's threads wait already."""
    slots = cast(LongPollSlots, current_app.extensions[SLOTS_KEY])
    return slots.slot(runtime().server_threads)


def _wait(job: Job, seconds: float, seen: int | None) -> tuple[Job, bool]:
    """The newest snapshot, and whether the wait was honoured: a draining process cuts it short."""
    # Not the app's clock: a test may have stopped it, and the wait would never end.
    host, end = runtime(), time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        job = host.jobs.wait(job.id, min(left, DRAIN_CHECK_EVERY), seen)
        if job.is_final or (seen is not None and job.version != seen) or left <= DRAIN_CHECK_EVERY:
            return job, True
        if host.draining:
            return job, False


def _prefer_wait() -> float | None:
    """`wait=N` of the Prefer header (RFC 7240); what cannot be parsed is ignored, as the RFC requires."""
    preferences = request.environ.get("HTTP_PREFER")
    for preference in preferences.split(",") if preferences else ():
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait" and (found := _SECONDS.fullmatch(value.strip())):
            return float(found[1])
    return None
