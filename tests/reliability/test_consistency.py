"""The check of consistency sees what it is there to see."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.jobs.database.database import Database
from tests.store.factory import claim_one, end, register, submit

from .consistency import check_consistency

WHEN = "'2030-01-01 00:00:00'"
EVENT = "INSERT INTO simmer_events (job_id, at, type, from_state, to_state, attempt)"
PLANTED = {
    "a state without its event": f"UPDATE simmer_jobs SET state = 'cancelled', finished_at = {WHEN}"
    " WHERE state = 'queued'",
    "an event that leads nowhere": f"{EVENT} SELECT id, {WHEN}, 'claimed', 'queued', 'running', 2"
    " FROM simmer_jobs WHERE state = 'queued'",
    "an event that is no transition": "UPDATE simmer_events SET to_state = 'failed' WHERE type = 'succeeded'",
    "a second end": f"{EVENT} SELECT id, {WHEN}, 'succeeded', 'running', 'succeeded', 1"
    " FROM simmer_jobs WHERE state = 'succeeded'",
    "a run without its row": "DELETE FROM simmer_attempts",
    "a run that was not closed": "UPDATE simmer_attempts SET outcome = NULL, finished_at = NULL",
    "a running job without a worker": "DELETE FROM simmer_workers",
    "a fire time without its decision": f"UPDATE simmer_jobs SET schedule_id = 's', fire_time = {WHEN}"
    " WHERE state = 'queued'",
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_found(tmp_path: Path, what: str) -> None:
    """A sound database passes, and with one wrong row it does not."""
    database = Database.connect(make_url(f"sqlite:///{tmp_path}/check.db"), threads=1, synchronous="NORMAL")
    database.create_tables()
    with database.write() as conn:
        register(conn)
        submit(conn)
        claim_one(conn, submit(conn))
        done = claim_one(conn, submit(conn))
        assert done is not None
        end(conn, done, "succeeded")
    check_consistency(database)
    with database.write() as conn:
        assert conn.exec_driver_sql(PLANTED[what]).rowcount
    with pytest.raises(AssertionError):
        check_consistency(database)
    database.close()
