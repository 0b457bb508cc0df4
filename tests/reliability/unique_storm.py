"""What one process of a storm does: threads that submit jobs of one unique key, and a worker beside them."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import URL, make_url

from app.jobs.clock import Clock
from app.jobs.database.conflicts import retry_conflicts
from app.jobs.database.database import Database
from app.jobs.run import Outcome
from app.jobs.store import claims, completion
from app.jobs.store.placement import Placement, place
from app.jobs.store.unique_keys import UniqueKey, stored_key

from ..store.factory import ended, new_job

THREADS = 5
CLOCK = Clock()


def unique(text: str, on_conflict: str = "return") -> UniqueKey:
    """The key of a task named `add`."""
    return UniqueKey(stored_key(None, "add", text), text, None, on_conflict)


class Storm:
    """`submissions` of one process, `on_conflict` as they say; the argument of each is its name."""

    def __init__(self, database: Database, number: int, submissions: int, on_conflict: str) -> None:
        self.database, self._number = database, number
        self._submissions, self._on_conflict = submissions, on_conflict

    def submit_all(self) -> list[tuple[Placement, float, float]]:
        """Submit from THREADS threads: where each led to, when it began and when it was answered.

        What any of them raises is raised.
        """
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(self._measured, range(self._submissions)))

    def _measured(self, number: int) -> tuple[Placement, float, float]:
        began = time.monotonic()
        return self._submit(number), began, time.monotonic()

    @retry_conflicts
    def _submit(self, number: int) -> Placement:
        now = CLOCK.now()
        job = new_job(
            created_at=now, run_at=now, args=f'{{"name": "{self._number}.{number}"}}',
            unique=unique("storm", self._on_conflict),
        )  # fmt: skip
        with self.database.raw_write() as conn:
            return place(conn, [job], now)[0]


def work(database: Database, worker: str, is_over: threading.Event) -> None:
    """Claim and complete, until it is over and nothing is due."""
    while True:
        was_over = is_over.is_set()
        with database.write() as conn:
            rows = claims.candidates(conn, ["default"], ["add"], 2, CLOCK.now())
            made = claims.claim(conn, rows, worker, "thread", CLOCK.now())
        with database.write() as conn:
            completion.complete(conn, [ended(claim, Outcome("succeeded", result="1")) for claim in made])
        if not made and was_over:
            return
        if not made:
            is_over.wait(0.002)  # others have the write lock in between


def main(address: str, number: int, submissions: int, on_conflict: str) -> None:
    """Submit all, with a worker beside where they replace."""
    url: URL = make_url(address)
    database = Database.connect(url, threads=THREADS + 1, synchronous="NORMAL")
    is_over = threading.Event()
    worker = threading.Thread(target=work, args=(database, f"worker-{number}", is_over))
    if on_conflict == "replace":
        worker.start()
    try:
        storm = Storm(database, number, submissions, on_conflict)
        for nth, ((job_id, outcome), began, ended_at) in enumerate(storm.submit_all()):
            print(job_id, outcome, f"{number}.{nth}", began, ended_at)
    finally:
        is_over.set()
    if on_conflict == "replace":
        worker.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
