"""Tells those who wait for a job in this process that it changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Notifier:
    """Who waits for which job; `notify` costs nothing for jobs that nobody waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[threading.Event]] = {}

    @property
    def listeners(self) -> int:
        """For how many jobs somebody waits."""
        return len(self._waiting)

    @contextmanager
    def listen(self, job_id: str) -> Iterator[threading.Event]:
        """An event that is set when the job changes; clear it before looking at the job."""
        event = threading.Event()
        with self._lock:
            self._waiting.setdefault(job_id, []).append(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[job_id].remove(event)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def notify(self, job_ids: Iterable[str]) -> None:
        """The jobs changed, and the change is committed."""
        if not self._waiting:
            return
        with self._lock:
            events = [event for job_id in job_ids for event in self._waiting.get(job_id, ())]
        for event in events:
            event.set()
