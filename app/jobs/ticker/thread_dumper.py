"""Answers those who ask what the threads of this worker do."""

from __future__ import annotations

import threading
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..serialization.presenter import dump, moment
from ..store import thread_dumps
from ..worker.dispatcher import Dispatcher
from ..worker.thread_states import thread_states

CHECK_EVERY: Final = 1.0
"""Seconds between two looks for requests, at most: whoever asks waits for a few."""


class ThreadDumper:
    """Looks for requests where the database has changed, and answers with the stacks of this moment."""

    name = "thread dumper"

    def __init__(self, dispatcher: Dispatcher, database: Database, settings: Settings, clock: Clock) -> None:
        self._dispatcher, self._database, self._clock = dispatcher, database, clock
        self._check_every = min(CHECK_EVERY, settings.heartbeat_seconds)
        self._changes, self._is_done = database.change_detector(), False

    def run_once(self) -> float:
        """Answer all who wait; returns the seconds until it is due again."""
        if self._changes.has_changed() or not self._is_done:
            # False until the end: the change is not reported again, and the answer may fail.
            self._is_done = False
            self._answer(self._dispatcher.id)
            self._is_done = True
        return self._check_every

    def _answer(self, worker_id: str) -> None:
        with self._database.read() as conn:
            if not thread_dumps.is_requested(conn, worker_id):
                return
        ours = [thread for thread in (self._dispatcher.thread, threading.get_ident()) if thread is not None]
        runs = [*self._dispatcher.unended(), *self._dispatcher.stuck()]
        states = thread_states(runs, ours, self._clock.monotonic())
        answer = dump({"taken_at": moment(self._clock.now()), "items": states})
        with self._database.write() as conn:
            thread_dumps.answer(conn, worker_id, answer.decode())
