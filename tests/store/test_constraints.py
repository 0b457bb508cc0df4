"""What must never be stored is refused by the tables themselves."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, FIRES, IDEMPOTENCY, JOBS, SCHEDULES, TAGS, WORKERS

from .factory import NOW, claim_one, register, submit

BAD_JOBS: list[dict[str, Any]] = [
    {"state": "sleeping"},
    {"state": "succeeded"},
    {"finished_at": NOW},
    {"state": "running"},
    {"claim": "x" * 32},
    {"attempt": -1},
    {"attempt": 1},
    {"max_attempts": 0},
    {"crashes": -1},
    {"on_interrupt": "drop"},
    {"state": None},
    {"task": None},
    {"queue": None},
    {"args": None},
    {"due": None},
]


def refused(conn: Connection, statement: Any) -> None:
    """The statement is refused, and the transaction goes on without it."""
    with pytest.raises(IntegrityError), conn.begin_nested():
        conn.execute(statement)


@pytest.mark.parametrize("values", BAD_JOBS, ids=str)
def test_a_job_that_cannot_be_is_refused(database: Database, values: dict[str, Any]) -> None:
    """A state of no name, final without an end, running without a claim, and counts that are none."""
    with database.write() as conn:
        job_id = submit(conn)
        refused(conn, update(JOBS).where(JOBS.c.id == job_id).values(**values))


def test_one_fire_time_has_one_job_and_one_decision(database: Database) -> None:
    """However many processes try (promise 5); jobs without a fire time are not counted."""
    with database.write() as conn:
        submit(conn, schedule_id="s", fire_time=NOW)
        with pytest.raises(IntegrityError), conn.begin_nested():
            submit(conn, schedule_id="s", fire_time=NOW)
        submit(conn, schedule_id="other", fire_time=NOW)
        submit(conn, schedule_id="s")
        submit(conn, schedule_id="s")
        fire = {"schedule_id": "s", "fire_time": NOW, "count": 1, "decided_at": NOW, "late_seconds": 0.0}
        conn.execute(insert(FIRES).values(**fire, decision="skipped"))
        refused(conn, insert(FIRES).values(**fire, decision="coalesced"))


def test_a_decision_is_fired_exactly_when_it_has_a_job(database: Database) -> None:
    """And it is one of five words."""
    fire = {"schedule_id": "s", "fire_time": NOW, "count": 1, "decided_at": NOW, "late_seconds": 0.0}
    with database.write() as conn:
        refused(conn, insert(FIRES).values(**fire, decision="fired"))
        refused(conn, insert(FIRES).values(**fire, decision="skipped", job_id="j"))
        refused(conn, insert(FIRES).values(**fire, decision="forgotten"))


def test_a_run_has_an_outcome_exactly_when_it_has_ended(database: Database) -> None:
    """And each run of a job has one row."""
    with database.write() as conn:
        claim = claim_one(conn, submit(conn))
        assert claim is not None
        refused(conn, update(ATTEMPTS).values(outcome="succeeded"))
        refused(conn, update(ATTEMPTS).values(finished_at=NOW))
        row = conn.execute(select(ATTEMPTS)).mappings().one()
        refused(conn, insert(ATTEMPTS).values(**row))


def test_ids_and_keys_are_taken_once(database: Database) -> None:
    """Of jobs, tags, workers, schedules and idempotency keys."""
    with database.write() as conn:
        register(conn)
        job_id = submit(conn, tags=("t",))
        with pytest.raises(IntegrityError), conn.begin_nested():
            submit(conn, id=job_id)
        with pytest.raises(IntegrityError), conn.begin_nested():
            register(conn)
        refused(conn, insert(TAGS).values(tag="t", job_id=job_id))
        refused(conn, update(WORKERS).values(state="asleep"))
        key = {"scope": "s", "key": "k", "fingerprint": "f", "resource_id": job_id, "created_at": NOW}
        conn.execute(insert(IDEMPOTENCY).values(**key))
        refused(conn, insert(IDEMPOTENCY).values(**key))


def test_times_come_back_aware_and_to_the_microsecond(database: Database) -> None:
    """In UTC, whatever zone they were given in."""
    from datetime import timedelta, timezone

    moment = NOW.replace(microsecond=123_456)
    with database.write() as conn:
        submit(conn, created_at=moment.astimezone(timezone(timedelta(hours=5, minutes=30))))
        stored = conn.scalar(select(JOBS.c.created_at))
        assert stored == moment
        assert stored.utcoffset() == timedelta(0)
        assert conn.scalar(select(SCHEDULES.c.anchor)) is None
