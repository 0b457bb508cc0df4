"""The counters of outcomes, waits and runs, written with what they count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.jobs.clock import ManualClock
from app.jobs.config import load_settings
from app.jobs.database.database import Database
from app.jobs.store import completion, counters, jobs, rescue, workers
from app.jobs.store.counters import RUN, WAIT
from app.jobs.ticker.pruner import Pruner

from .factory import NOW, OUTCOMES, claim_one, end, register, submit


def counted(database: Database) -> dict[tuple[str, ...], int]:
    """The counters over all workers: (task, name) or (task, histogram, bucket) → how many."""
    with database.read() as conn:
        found = counters.totals(conn)
    return {
        (each.task, each.name, *([str(each.bucket)] if each.bucket else [])): each.value for each in found
    }


@pytest.mark.parametrize("verb", OUTCOMES)
def test_each_end_of_a_run_is_counted_once(database: Database, verb: str) -> None:
    """By its verb, in the transaction that ends it; a late outcome of the same run counts nothing."""
    with database.write() as conn:
        register(conn)
        claim = claim_one(conn, submit(conn))
        assert claim is not None
        assert end(conn, claim, verb)
        assert not end(conn, claim, "failed")
    assert counted(database)["add", verb] == 1
    assert ("add", "failed") not in counted(database) or verb == "failed"


def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    """Whoever is killed before the commit has counted nothing."""
    with database.write() as conn:
        register(conn)
        claim = claim_one(conn, submit(conn))
    assert claim is not None

    def killed() -> None:
        with database.write() as conn:
            assert end(conn, claim, "succeeded")
            raise SystemExit

    with pytest.raises(SystemExit):
        killed()
    assert counted(database) == {}


def test_waits_and_runs_fall_into_buckets(database: Database) -> None:
    """By the seconds from due to begun and from begun to ended, each at the bound it does not exceed."""
    with database.write() as conn:
        register(conn)
        for wait, run in ((0.0, 0.01), (0.011, 4.0), (7_200.5, 90_000.0), (-1.0, 0.0)):
            claim = claim_one(conn, submit(conn))
            assert claim is not None
            started = NOW + timedelta(seconds=wait)
            ended = replace(
                claim, outcome=OUTCOMES["succeeded"], started_at=started,
                finished_at=started + timedelta(seconds=run),
            )  # fmt: skip
            completion.complete(conn, [ended], "worker-1")
    beyond = str(counters.BEYOND)
    assert counted(database) == {
        ("add", "succeeded"): 4,
        ("add", WAIT, "10"): 2, ("add", WAIT, "25"): 1, ("add", WAIT, beyond): 1,
        ("add", RUN, "10"): 2, ("add", RUN, "5000"): 1, ("add", RUN, beyond): 1,
    }  # fmt: skip
    with database.read() as conn:
        waited = sum(each.seconds for each in counters.totals(conn) if each.name == WAIT)
    assert waited == pytest.approx(7_200.511)


def test_cancels_and_lost_workers_count_too(database: Database) -> None:
    """What ends without its worker: cancelled while it waits, rescued, and lost for the third time."""
    with database.write() as conn:
        jobs.cancel(conn, submit(conn, task="mail"), NOW)
        job_id = submit(conn)
        for _ in range(3):
            register(conn)
            claim_one(conn, job_id)
            workers.deregister(conn, "worker-1")
            rescue.rescue(conn, NOW)
    assert counted(database) == {
        ("mail", "cancelled"): 1, ("add", "rescued"): 2, ("add", "failed"): 1,
    }  # fmt: skip


def test_totals_stay_when_workers_go_and_jobs_are_pruned(database: Database) -> None:
    """Rows of those that are gone are folded into the shared ones; nothing counts less than before."""
    settings, _ = load_settings({})
    with database.write() as conn:
        for worker in ("one", "two", "alive"):
            register(conn, worker)
            for verb in ("succeeded", "failed"):
                claim = claim_one(conn, submit(conn), worker)
                assert claim is not None
                completion.complete(
                    conn, [replace(claim, outcome=OUTCOMES[verb], started_at=NOW, finished_at=NOW)], worker
                )
        workers.deregister(conn, "one")
        workers.declare_dead(conn, "two", 0)
    before = counted(database)
    assert before["add", "succeeded"] == before["add", "failed"] == 3
    Pruner(database, settings, ManualClock(NOW + timedelta(days=365))).run_once()
    assert counted(database) == before
    with database.read() as conn:
        owners = set(conn.exec_driver_sql("SELECT worker FROM simmer_counters").scalars())
        left = conn.exec_driver_sql("SELECT count(*) FROM simmer_jobs").scalar_one()
    assert owners == {"", "alive"}
    assert left == 0
