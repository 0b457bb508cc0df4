"""Jobs whose time is over before anybody has claimed them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.jobs.database.database import Database
from app.jobs.store import claims, events, expiry, jobs, queries

from .factory import LATER, NOW, claim_one, end, state_of, submit

SOON = NOW + timedelta(seconds=5)


@pytest.mark.parametrize("is_over", [False, True])
def test_an_expired_job_is_never_claimed(database: Database, is_over: bool) -> None:
    """From the very moment on, and it hides nothing that waits behind it."""
    with database.write() as conn:
        expiring, other = submit(conn, expires_at=SOON, priority=-1), submit(conn)
        now = SOON if is_over else SOON - timedelta(microseconds=1)
        found = [row.id for row in claims.candidates(conn, ["default"], ["add"], 1, now)]
        assert found == [other if is_over else expiring]
        jobs.cancel(conn, other, NOW)
        assert claims.anything_due(conn, ["default"], ["add"], now) is not is_over


@pytest.mark.parametrize("state", ["queued", "scheduled"])
def test_an_expired_job_is_cancelled_with_the_reason(database: Database, state: str) -> None:
    """It is final, and was never asked to stop."""
    with database.write() as conn:
        job_id = submit(conn, expires_at=SOON, run_at=NOW if state == "queued" else LATER)
        assert expiry.next_expiry(conn) == SOON
        assert expiry.expire(conn, SOON - timedelta(microseconds=1)) == []
        assert expiry.expire(conn, SOON) == [job_id]
        job = queries.get(conn, job_id)
        assert job is not None
        assert (job.state, job.finished_at, job.expires_at) == ("cancelled", SOON, SOON)
        assert (job.cancel_requested_at, job.version) == (None, 2)
        last = events.events_of(conn, job_id)[-1]
        assert (last["type"], last["from"], last["reason"]) == ("cancelled", state, expiry.REASON)
        assert expiry.next_expiry(conn) is None
        assert claim_one(conn, job_id) is None


@pytest.mark.parametrize("verb", ["retrying", "snoozed", "released", "failed"])
def test_what_was_claimed_once_does_not_expire(database: Database, verb: str) -> None:
    """Whatever became of that run, and when an operator retries it."""
    with database.write() as conn:
        job_id = submit(conn, expires_at=SOON)
        claim = claim_one(conn, job_id)
        assert claim is not None
        assert expiry.expire(conn, LATER) == []
        assert end(conn, claim, verb)
        if verb == "failed":
            assert jobs.retry(conn, job_id, LATER)
        claims.wake(conn, LATER)
        assert expiry.next_expiry(conn) is None
        assert expiry.expire(conn, LATER) == []
        assert [row.id for row in claims.candidates(conn, ["default"], ["add"], 1, LATER)] == [job_id]


@pytest.mark.parametrize("has_expired", [False, True])
def test_what_an_operator_retries_does_not_expire(database: Database, has_expired: bool) -> None:
    """Also if nobody had claimed it before, and whoever had cancelled it: it runs."""
    with database.write() as conn:
        job_id = submit(conn, expires_at=SOON)
        assert expiry.expire(conn, SOON) if has_expired else jobs.cancel(conn, job_id, NOW)
        assert jobs.retry(conn, job_id, SOON)
        assert expiry.expire(conn, LATER) == []
        assert [row.id for row in claims.candidates(conn, ["default"], ["add"], 1, LATER)] == [job_id]


def test_a_batch_is_bounded(database: Database) -> None:
    """No more at once than asked for, those first whose time was over first."""
    with database.write() as conn:
        ids = [submit(conn, expires_at=NOW + timedelta(seconds=n)) for n in (3, 1, 2)]
        assert expiry.expire(conn, LATER, limit=2) == [ids[1], ids[2]]
        assert state_of(conn, ids[0]) == "queued"
        assert expiry.expire(conn, LATER, limit=2) == [ids[0]]
