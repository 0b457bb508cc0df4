"""What one process does whose work is counted: random ends of jobs, and samples of a clock that runs fast."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import make_url

from app.jobs.database.conflicts import retry_conflicts
from app.jobs.database.database import Database
from app.jobs.store import completion, counters, history, jobs, workers

from ..store.factory import NOW, OUTCOMES, claim_one, register, submit

TASKS = ("add", "mail", "report")
TURNS = 60
"""Turns of each process; a minute of the history passes in each."""


def work(database: Database, name: str) -> None:
    """Submit, run, cancel and retry jobs; take samples and fold counters in between."""
    chance = random.Random(name)
    worker = f"worker-{name}-0"
    for turn in range(TURNS):
        if turn % 20 == 0:
            with database.write() as conn:
                workers.deregister(conn, worker)
                worker = register(conn, f"worker-{name}-{turn + 1}")
        for _ in range(chance.randrange(4)):
            _end_one(database, worker, chance)
        with database.write() as conn:
            history.sample(conn, history.sampled_at(conn), NOW + timedelta(minutes=turn))
        with database.write() as conn:
            counters.fold(conn)


@retry_conflicts
def _end_one(database: Database, worker: str, chance: random.Random) -> None:
    """All of it is committed, or nothing."""
    with database.write() as conn:
        job_id = submit(conn, task=chance.choice(TASKS))
        if chance.random() < 0.2:
            jobs.cancel(conn, job_id, NOW)
        else:
            claim = claim_one(conn, job_id, worker)
            assert claim is not None
            ended = replace(
                claim, outcome=OUTCOMES[chance.choice(list(OUTCOMES))], started_at=NOW,
                finished_at=NOW + timedelta(seconds=100 * chance.random()),
            )  # fmt: skip
            completion.complete(conn, [ended], worker)
        if chance.random() < 0.1:
            jobs.retry(conn, job_id, NOW)
    if chance.random() < 0.1:
        raise_and_roll_back(database, job_id)


def raise_and_roll_back(database: Database, job_id: str) -> None:
    """Cancel a job, and be killed before the commit."""
    try:
        with database.write() as conn:
            jobs.cancel(conn, job_id, NOW)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    made = Database.connect(make_url(sys.argv[1]), threads=2, synchronous="NORMAL")
    work(made, sys.argv[2])
    made.close()
