"""What one process of a race does: two threads claim and settle until nothing is due."""

from __future__ import annotations

import threading

from app.jobs.database.database import Database
from app.jobs.run import Outcome
from app.jobs.store import claims, completion

from ..store.factory import NOW, ended


def drain(database: Database, worker: str) -> None:
    """Run all that is due; an exception in a thread ends up on stderr."""
    threads = [threading.Thread(target=_claim_and_settle, args=(database, worker)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _claim_and_settle(database: Database, worker: str) -> None:
    while True:
        with database.write() as conn:
            rows = claims.candidates(conn, ["default"], ["add"], 8, NOW)
            made = claims.claim(conn, rows, worker, "thread", NOW)
        if not made:
            return
        with database.write() as conn:
            completion.complete(conn, [ended(claim, Outcome("succeeded", result="1")) for claim in made])
