"""Where a waiting job stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.jobs.database.database import Database
from app.jobs.store import claims, completion, limits, parking, positions, stuck_runs
from app.jobs.store.limits import Counted
from app.jobs.store.positions import Ahead
from app.jobs.store.snapshots import as_submitted

from .factory import NOW, OUTCOMES, claim_one, ended, new_job, register, submit


@pytest.mark.parametrize("most", [0, 1, 3, 4, 9])
def test_what_is_due_is_in_claiming_order(database: Database, most: int) -> None:
    """All of the queues before, then by priority, due time and id what precedes the job beside it."""
    last = new_job(priority=1, run_at=NOW + timedelta(seconds=1))
    with database.write() as conn:
        submit(conn, priority=2)
        submit(conn, queue="elsewhere", priority=-9)
        beside = [submit(conn, queue=queue, priority=1) for queue in ("beside", "default")]
        first = submit(conn, priority=-1, app="shop")
        before = [submit(conn, queue="before", priority=priority, task="other") for priority in (5, 6)]
        job = as_submitted(last)
        found = positions.due_ahead(conn, job, ["before"], ["default", "beside"], most)
    wanted = [Ahead(id, "other", None) for id in before] + [Ahead(first, "add", "shop")]
    assert found == [*wanted, *(Ahead(id, "add", None) for id in beside)][:most]


def test_what_is_parked_is_in_the_order_in_which_it_is_let_go(database: Database) -> None:
    """Of its own key alone."""
    with database.write() as conn:
        low, high, other = submit(conn, priority=1), submit(conn, priority=-1), submit(conn, priority=-2)
        parking.park(conn, {low: "k", high: "k", other: "another"})
        job = as_submitted(new_job(priority=1))
        found = positions.parked_ahead(conn, job, "k", 9)
    assert [each.id for each in found] == [high, low]


def test_who_holds_a_limit(database: Database) -> None:
    """What runs under its key, and what has ended while its thread goes on."""
    with database.write() as conn:
        register(conn)
        running, stuck, _ended = ids = [submit(conn) for _ in range(3)]
        for job_id in ids:
            row = claims.candidate(conn, job_id)
            [run] = claims.claim(
                conn, row, "worker-1", "thread", NOW, counted=[Counted(job_id, queue_key="k")]
            )
            if job_id != running:
                run = ended(run, OUTCOMES["failed"])
                completion.complete(conn, [run])
            if job_id == stuck:
                stuck_runs.replace(conn, "worker-1", [run])
        found = positions.holders(conn, "queue_key", "k", 9)
        assert [each.id for each in found] == sorted([running, stuck])
        assert positions.holders(conn, "limit_key", "k", 9) == []
        assert limits.running(conn, ["k"])["k"] == len(found)


def test_runs_of_workers(database: Database) -> None:
    """Those of the named ones; what was prefetched and has not begun is in line."""
    with database.write() as conn:
        for worker in ("one", "two"):
            register(conn, worker)
        first, second = submit(conn), submit(conn)
        claims.claim(
            conn, [*claims.candidate(conn, first), *claims.candidate(conn, second)], "one", "thread", NOW, 1
        )
        claim_one(conn, submit(conn), "two")
        found = positions.running_on(conn, ["one"], 9)
    assert sorted((each.id, each.is_in_line) for each in found) == [(first, False), (second, True)]


def test_claims_of_a_rate_are_added_up(database: Database) -> None:
    """Those within the window, of so many moments at most."""
    with database.write() as conn:
        for seconds in range(3):
            now = NOW + timedelta(seconds=seconds)
            limits.count(conn, [Counted("j", rate_key="k", since=NOW)] * 2, now)
        since = NOW + timedelta(seconds=1)
        assert positions.claims_since(conn, "k", since, 9) == 4
        assert positions.claims_since(conn, "k", since, 1) == 2
        assert positions.claims_since(conn, "other", since, 9) == 0
