"""What the threads of a worker do, asked of its process through the database."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Final

from ..clock import Clock
from ..database.database import Database
from ..errors import WorkerNotFound, WorkerUnresponsive
from ..store import thread_dumps

ANSWER_WITHIN: Final = 4.5
"""Seconds that a worker has to answer: whoever asks over HTTP is answered within five."""
CHECK_EVERY: Final = 0.05
"""Seconds between two reads for the answer."""


def read_threads(database: Database, clock: Clock, worker_id: str) -> dict[str, Any]:
    """`{worker, taken_at, items}`: an item for each thread that runs a job, and for those of ours.

    Raises WorkerNotFound; WorkerUnresponsive where there is no answer within ANSWER_WITHIN seconds.
    """
    # Not the injected clock: while a test has it stand still the wait would never end.
    deadline = time.monotonic() + ANSWER_WITHIN
    with database.write() as conn:
        request = thread_dumps.request(conn, worker_id, clock.now())
    if request is None:
        raise WorkerNotFound(f"no worker has the id {worker_id!r}; it may have ended")
    pause = threading.Event()
    while True:
        with database.read() as conn:
            answer = thread_dumps.answer_to(conn, request)
        if answer is not None:
            return {"worker": worker_id, **json.loads(answer)}
        if time.monotonic() >= deadline:
            raise WorkerUnresponsive(f"the worker {worker_id} does not answer")
        pause.wait(CHECK_EVERY)
