"""The data of jobs in the database: fenced, in order, bounded, gone with their job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.jobs.database.database import Database
from app.jobs.database.tables import EMITTED
from app.jobs.log_buffer import LogBuffer
from app.jobs.run import Run
from app.jobs.store import emitted, jobs
from app.jobs.store.log_positions import START, Position
from app.jobs.store.logs import MOST_RUNS

from .factory import LATER, claim_one, end, job_in, submit
from .test_logs import write
from .test_runs import lost_and_taken_over


def emit(run: Run, *values: str) -> None:
    """Let the run emit these values, JSON texts, at the first moment of 1970."""
    run.log = run.log or LogBuffer()
    for value in values:
        run.log.emit(f"[0,{value}]")


def read_all(conn: Connection, job_id: str, after: Position = START) -> list[tuple[Position, Any]]:
    """All values with their positions, page by page."""
    found: list[tuple[Position, Any]] = []
    is_all = False
    while not is_all:
        page, is_all = emitted.read(conn, job_id, after)
        found += [(value.position, value.data) for value in page]
        after = page[-1].position if page else after
    return found


def rows(conn: Connection) -> int:
    """How many rows of data there are."""
    found: int = conn.execute(select(func.count()).select_from(EMITTED)).scalar_one()
    return found


def running(conn: Connection) -> Run:
    """The run of a job that runs."""
    _, run = job_in(conn, "running")
    assert run is not None
    return run


def test_values_come_out_as_they_went_in(database: Database) -> None:
    """In order over several writes, those of the outcome too, from any position on."""
    with database.write() as conn:
        run = running(conn)
        emit(run, '"one ☃"', "null")
        write(conn, run)
        emit(run, '{"a":[1]}')
        assert end(conn, run, "succeeded")
        expected = [(Position(1, 1), "one ☃"), (Position(1, 2), None), (Position(1, 3), {"a": [1]})]
        assert read_all(conn, run.job_id) == expected
        for at, (position, _) in enumerate(expected):
            assert read_all(conn, run.job_id, position) == expected[at + 1 :]
        page, is_all = emitted.read(conn, run.job_id, START)
        assert (page[0].at, is_all) == (datetime(1970, 1, 1, tzinfo=UTC), True)
        assert emitted.read(conn, "nobody", START) == ([], True)


def test_who_lost_a_job_emits_nothing_more(database: Database) -> None:
    """Neither with a turn nor with its outcome; the new owner's values are a run of their own."""
    with database.write() as conn:
        old, new = lost_and_taken_over(conn)
        for run in (old, new):
            emit(run, f'"{run.worker}"')
            write(conn, run)
        emit(old, '"late"')
        assert not end(conn, old, "succeeded")
        assert read_all(conn, new.job_id) == [(Position(2, 1), "worker-2")]


def test_what_is_written_twice_is_there_once(database: Database) -> None:
    """No reply came to a commit that was made: the same values are written again, with others."""
    with database.write() as conn:
        run = running(conn)
        emit(run, "1", "2")
        batch = run.unrecorded_log()
        assert batch is not None
        emitted.record(conn, run, batch.emitted, 0)
        emit(run, "3")
        write(conn, run)
        assert [data for _, data in read_all(conn, run.job_id)] == [1, 2, 3]


def test_much_data_is_read_in_pages(database: Database) -> None:
    """Without a value lost or repeated between them."""
    with database.write() as conn:
        run = running(conn)
        emit(run, *(f'"{at} {"x" * 9_000}"' for at in range(100)))
        write(conn, run)
        page, is_all = emitted.read(conn, run.job_id, START)
        assert (len(page) < 100, is_all) == (True, False)
        assert [position.seq for position, _ in read_all(conn, run.job_id)] == list(range(1, 101))


def test_only_the_last_runs_of_a_job_keep_their_data(database: Database) -> None:
    """A job that snoozes for ever does not fill the database."""
    with database.write() as conn:
        job_id = submit(conn)
        for _ in range(MOST_RUNS + 3):
            run = claim_one(conn, job_id)
            assert run is not None
            emit(run, "1")
            assert end(conn, run, "snoozed")
        assert [position.run for position, _ in read_all(conn, job_id)] == list(range(4, MOST_RUNS + 4))


def test_data_goes_with_its_job_bit_by_bit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction of the pruner deletes more than so much, and the others' data stays."""
    monkeypatch.setattr(jobs, "MOST_LOG_BYTES", 2_500)
    with database.write() as conn:
        for _ in range(3):
            run = running(conn)
            emit(run, f'"{"x" * 1_000}"')
            assert end(conn, run, "succeeded")
        expired = jobs.Expired(["succeeded"], LATER + timedelta(days=1))
        assert (jobs.prune(conn, expired, limit=9), rows(conn)) == (9, 1)
        assert (jobs.prune(conn, expired, limit=9), rows(conn)) == (1, 0)
