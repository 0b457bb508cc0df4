"""How long the jobs of tasks are kept, and results that go before their jobs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.store import jobs, queries, retention

from .factory import NOW, claim_one, end, submit

HOUR = timedelta(hours=1)


def succeeded(conn: Connection, **values: object) -> str:
    """A job that has ended at NOW with a result."""
    job_id = submit(conn, **values)
    claim = claim_one(conn, job_id)
    assert claim is not None
    assert end(conn, claim, "succeeded")
    return job_id


def test_what_an_app_says_of_its_tasks_is_kept(database: Database) -> None:
    """Until it says otherwise of a task that it knows; what it says nothing of stays."""
    with database.write() as conn:
        retention.declare(conn, "shop", {"add": 60.0, "mail": 3600.0, "note": None})
        assert retention.of_tasks(conn) == {"add": timedelta(minutes=1), "mail": HOUR}
        retention.declare(conn, "shop", {"add": None, "note": 3600.0})
        assert retention.of_tasks(conn) == {"mail": HOUR, "note": HOUR}


def test_an_app_drops_nothing_that_another_one_says(database: Database) -> None:
    """Two apps have a task of one name: the last one to say a number counts."""
    with database.write() as conn:
        retention.declare(conn, "shop", {"add": 60.0})
        retention.declare(conn, "blog", {"add": None})
        assert retention.of_tasks(conn) == {"add": timedelta(minutes=1)}
        retention.declare(conn, "blog", {"add": 3600.0})
        retention.declare(conn, "shop", {"add": None})
        assert retention.of_tasks(conn) == {"add": HOUR}


def test_results_go_in_batches_and_their_jobs_stay(database: Database) -> None:
    """Those whose time is over; others, and what is not asked to go, keep theirs."""
    with database.write() as conn:
        going = [succeeded(conn, keep_result_for=60.0) for _ in range(3)]
        staying = [succeeded(conn, keep_result_for=7200.0), succeeded(conn)]
        assert not retention.has_expired_results(conn, NOW + timedelta(seconds=60))
        later = NOW + HOUR
        assert retention.has_expired_results(conn, later)
        assert [retention.clear_results(conn, later, 2) for _ in range(3)] == [2, 1, 0]
        by_id = queries.jobs_by_id(conn, going + staying)
        found = [by_id[job_id] for job_id in going + staying]
        assert [job.result for job in found] == [None] * 3 + [7] * 2
        assert [job.version for job in found] == [4] * 3 + [3] * 2
        assert [retention.has_result(conn, job_id) for job_id in (going[0], staying[0])] == [False, True]


def test_a_result_of_a_later_run_has_its_own_time(database: Database) -> None:
    """What an operator runs again has a result again, and that is kept as long as the first."""
    with database.write() as conn:
        job_id = succeeded(conn, keep_result_for=60.0)
        assert retention.clear_results(conn, NOW + HOUR, 9) == 1
        assert jobs.retry(conn, job_id, NOW + HOUR)
        assert not retention.has_expired_results(conn, NOW + 2 * HOUR)
        claim = claim_one(conn, job_id)
        assert claim is not None
        assert end(conn, claim, "succeeded")
        assert retention.has_result(conn, job_id)
        assert not retention.has_expired_results(conn, NOW + timedelta(seconds=60))
