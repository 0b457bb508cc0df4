"""Every way in which a job ends frees its unique key in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from app.jobs import InvalidState
from app.jobs.database.database import Database
from app.jobs.database.tables import UNIQUE_KEYS
from app.jobs.states import FINAL
from app.jobs.store import expiry, jobs, placement, rescue
from app.jobs.store.unique_keys import UniqueKey, stored_key

from .factory import NOW, claim_one, end, new_job, state_of

LATER = NOW + timedelta(days=1)


def submit_unique(conn: Connection, until: bool = False, **values: object) -> str:
    """Submit a job with a key, for a day or until it is final; its id."""
    key = UniqueKey(stored_key(None, "add", "k"), "k", LATER if until else None, "return")
    return placement.place(conn, [new_job(unique=key, **values)], NOW)[0].job_id


def held(conn: Connection) -> int:
    """How many keys are taken."""
    return conn.execute(select(func.count()).select_from(UNIQUE_KEYS)).scalar_one()


def _end(verb: str) -> Callable[[Connection, str], object]:
    def end_run(conn: Connection, job_id: str) -> None:
        claim = claim_one(conn, job_id)
        assert claim is not None
        assert end(conn, claim, verb)

    return end_run


def _rescue(conn: Connection, job_id: str) -> None:
    for _ in range(rescue.MOST_CRASHES):
        assert claim_one(conn, job_id, "nobody") is not None
        rescue.rescue(conn, NOW)


def _cancel_and_rescue(conn: Connection, job_id: str) -> None:
    assert claim_one(conn, job_id, "nobody") is not None
    assert jobs.request_cancel(conn, job_id, NOW)
    rescue.rescue(conn, NOW)


ENDS: dict[str, Callable[[Connection, str], object]] = {
    "succeeded": _end("succeeded"),
    "failed": _end("failed"),
    "cancelled by itself": _end("cancelled"),
    "cancelled": lambda conn, job_id: jobs.cancel(conn, job_id, NOW),
    "lost": _rescue,
    "lost after a request to cancel": _cancel_and_rescue,
    "expired": lambda conn, job_id: expiry.expire(conn, LATER),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_final_job_has_no_key(database: Database, how: str) -> None:
    """However it ended; one that is its for a time it keeps, and another job is not stored."""
    with database.write() as conn:
        first = submit_unique(conn, expires_at=LATER)
        assert submit_unique(conn) == first
        ENDS[how](conn, first)
        assert state_of(conn, first) in FINAL
        assert held(conn) == 0
        second = submit_unique(conn, until=True, expires_at=LATER)
        assert second != first
        ENDS[how](conn, second)
        assert held(conn) == 1
        assert submit_unique(conn) == second


@pytest.mark.parametrize("verb", ["retrying", "snoozed", "released"])
def test_a_job_that_goes_on_keeps_its_key(database: Database, verb: str) -> None:
    """Its next run is its own."""
    with database.write() as conn:
        first = submit_unique(conn)
        _end(verb)(conn, first)
        assert submit_unique(conn) == first


@pytest.mark.parametrize("until", [False, True])
def test_a_deleted_job_has_no_key(database: Database, until: bool) -> None:
    """Deleted or pruned, for whatever time it was to have it."""
    with database.write() as conn:
        first = submit_unique(conn, until)
        jobs.cancel(conn, first, NOW)
        assert jobs.delete_final(conn, [first]) == 1
        assert held(conn) == 0
        second = submit_unique(conn, until)
        jobs.cancel(conn, second, NOW)
        assert jobs.prune(conn, jobs.Expired(FINAL, LATER)) == 1
        assert held(conn) == 0


@pytest.mark.parametrize("until", [False, True])
def test_a_retry_takes_the_key_again(database: Database, until: bool) -> None:
    """If it can: while another job has it the retry is refused, and nothing changes."""
    with database.write() as conn:
        first = submit_unique(conn, until)
        jobs.cancel(conn, first, NOW)
        assert jobs.retry(conn, first, NOW)
        assert submit_unique(conn) == first
        jobs.cancel(conn, first, NOW)
        second = submit_unique(conn)
    with pytest.raises(InvalidState, match=second), database.write() as conn:
        jobs.retry(conn, first, NOW)
    with database.write() as conn:
        assert state_of(conn, first) == "cancelled"
        assert submit_unique(conn) == second
