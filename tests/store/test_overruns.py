"""Runs beyond their timeout: those that go on, and those that were when they ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.run import Run
from app.jobs.store import completion, events, overruns, rescue, runs

from .factory import NOW, OUTCOMES, claim_one, ended, register, submit


def begin(conn: Connection, timeout: float | None = 10.0) -> Run:
    """A job whose task began at NOW."""
    run = claim_one(conn, submit(conn, timeout=timeout))
    assert run is not None
    run.started_at = NOW
    runs.record_starts(conn, [run])
    return run


def types(conn: Connection, run: Run) -> list[str]:
    """The types of the events since the claim."""
    return [event["type"] for event in events.events_of(conn, run.job_id)][2:]


@pytest.mark.parametrize("verb", OUTCOMES)
def test_whatever_ends_too_late_has_the_event(database: Database, verb: str) -> None:
    """In the transaction of its end and before it, by whichever verb; a run in time has none."""
    with database.write() as conn:
        register(conn)
        late, in_time = begin(conn), begin(conn)
        late.overrun = "1.5 s beyond its timeout"
        completion.complete(conn, [ended(late, OUTCOMES[verb]), ended(in_time, OUTCOMES[verb])])
        assert types(conn, late) == ["overran", verb]
        assert types(conn, in_time) == [verb]


def test_who_lost_the_job_records_nothing(database: Database) -> None:
    """The late end of a run that was rescued meanwhile leaves no event, as it leaves no outcome."""
    with database.write() as conn:
        late = begin(conn)
        rescue.rescue(conn, NOW)
        late.overrun = "1.5 s beyond its timeout"
        assert completion.complete(conn, [ended(late, OUTCOMES["succeeded"])]) == {}
        assert types(conn, late) == ["rescued"]


def test_runs_that_go_on_are_overdue(database: Database) -> None:
    """From the end of their timeout to that of the run, the longest overdue first; none before it began."""
    with database.write() as conn:
        register(conn)
        late, later = begin(conn, timeout=10), begin(conn, timeout=5)
        begin(conn, timeout=None)
        begin(conn, timeout=60)
        claim_one(conn, submit(conn, timeout=1))
        submit(conn, timeout=1)
        assert overruns.overdue_runs(conn, NOW + timedelta(seconds=5)) == []
        found = overruns.overdue_runs(conn, NOW + timedelta(seconds=12))
        assert [(run.job_id, run.overdue_seconds) for run in found] == [(later.job_id, 7), (late.job_id, 2)]
        assert (found[0].worker, found[0].task, found[0].started_at) == ("worker-1", "add", NOW)
        assert completion.complete(conn, [ended(run, OUTCOMES["succeeded"]) for run in (late, later)])
        assert overruns.overdue_runs(conn, NOW + timedelta(seconds=12)) == []
