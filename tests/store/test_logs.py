"""The logs of jobs in the database: fenced, in order, bounded, gone with their job."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.jobs.database.database import Database
from app.jobs.database.tables import LOGS
from app.jobs.log_buffer import LogBuffer
from app.jobs.run import Run
from app.jobs.store import jobs, logs
from app.jobs.store.log_positions import START, Position
from app.jobs.store.logs import MOST_RUNS
from app.jobs.values import LogLine

from .factory import LATER, NOW, claim_one, end, job_in, submit
from .test_runs import lost_and_taken_over


def say(run: Run, *messages: str, level: int = logging.INFO) -> None:
    """Let the run log these lines."""
    run.log = run.log or LogBuffer()
    for message in messages:
        values = [NOW.timestamp(), level, logging.getLevelName(level), "lib", message, None]
        run.log.append(level, json.dumps(values))


def write(conn: Connection, run: Run) -> None:
    """A turn of the dispatcher: what the run logged is stored."""
    batch = run.unrecorded_log()
    assert run.log is not None
    assert batch is not None
    logs.record_owned(conn, [(run, batch)])
    run.log.mark_recorded(batch)


def read_all(conn: Connection, job_id: str, least: int = 0, after: Position = START) -> list[LogLine]:
    """All lines, page by page."""
    found, is_all = list[LogLine](), False
    while not is_all:
        lines, after, is_all = logs.read(conn, job_id, after, least)
        found += lines
    return found


def said(lines: list[LogLine]) -> list[tuple[int, int, str]]:
    """(run, number, message) of each."""
    return [(line.run, line.seq, line.message) for line in lines]


def rows(conn: Connection) -> int:
    """How many rows of logs there are."""
    found: int = conn.execute(select(func.count()).select_from(LOGS)).scalar_one()
    return found


@pytest.fixture
def running(database: Database) -> Run:
    """A running job's run."""
    with database.write() as conn:
        _, run = job_in(conn, "running")
    assert run is not None
    return run


def test_lines_come_out_as_they_went_in(database: Database, running: Run) -> None:
    """In order over several writes, with all that is known of them, those of the outcome too."""
    with database.write() as conn:
        say(running, "one", "two")
        write(conn, running)
        say(running, "three ☃", level=logging.ERROR)
        assert end(conn, running, "succeeded")
        lines = read_all(conn, running.job_id)
    assert said(lines) == [(1, 1, "one"), (1, 2, "two"), (1, 3, "three ☃")]
    last = lines[-1]
    assert (last.at, last.attempt, last.level, last.logger, last.traceback) == (NOW, 1, "ERROR", "lib", None)


def test_one_reads_on_behind_a_position(database: Database, running: Run) -> None:
    """Also in the middle of a row, and where there is nothing yet."""
    with database.write() as conn:
        say(running, "one", "two", "three")
        write(conn, running)
        assert said(read_all(conn, running.job_id, after=Position(1, 2))) == [(1, 3, "three")]
        assert logs.read(conn, running.job_id, Position(1, 3), 0) == ([], Position(1, 3), True)
        assert logs.read(conn, "nobody", START, 0) == ([], START, True)


def test_a_level_leaves_out_what_is_below(database: Database, running: Run) -> None:
    """Lines and whole rows; the position is behind them all the same."""
    with database.write() as conn:
        say(running, "low")
        write(conn, running)
        say(running, "low again")
        say(running, "high", level=logging.WARNING)
        write(conn, running)
        lines, behind, _ = logs.read(conn, running.job_id, START, logging.WARNING)
        assert (said(lines), behind) == ([(1, 3, "high")], Position(1, 3))
        assert logs.read(conn, running.job_id, START, logging.ERROR) == ([], Position(1, 3), True)


def test_who_lost_a_job_logs_nothing_more(database: Database) -> None:
    """Neither with a turn nor with its outcome; the new owner's lines are a run of their own."""
    with database.write() as conn:
        old, new = lost_and_taken_over(conn)
        for run in (old, new):
            say(run, run.worker)
            write(conn, run)
        say(old, "late")
        assert not end(conn, old, "succeeded")
        assert said(read_all(conn, new.job_id)) == [(2, 1, "worker-2")]


def test_what_is_written_twice_is_there_once(database: Database, running: Run) -> None:
    """No reply came to a commit that was made: the same lines are written again, with others or fewer."""
    with database.write() as conn:
        say(running, "one", "two")
        batch = running.unrecorded_log()
        assert batch is not None
        logs.record_owned(conn, [(running, batch)])
        say(running, "three")
        write(conn, running)
        assert said(read_all(conn, running.job_id)) == [(1, 1, "one"), (1, 2, "two"), (1, 3, "three")]


def test_a_flood_keeps_its_ends_and_says_what_is_missing(database: Database, running: Run) -> None:
    """Written in turns or at once, rows stay below two megabytes, and a remark stands in the gap."""
    with database.write() as conn:
        for part in range(30):
            say(running, *(f"{part} {at} {'x' * 900}" for at in range(100)))
            write(conn, running)
        assert conn.execute(select(func.sum(LOGS.c.size))).scalar_one() <= 2_000_000
        lines = read_all(conn, running.job_id)
        (at,) = [at for at, line in enumerate(lines) if line.level == "WARNING"]
    remark, before, behind = lines[at], lines[at - 1], lines[at + 1]
    missing = behind.seq - before.seq - 1
    assert remark.message.startswith(f"… {missing:,} lines are left out here")
    assert (lines[0].message[:3], lines[-1].message[:5], len(lines) + missing) == ("0 0", "29 99", 3_001)


def test_a_page_is_bounded(database: Database, running: Run) -> None:
    """A long log is read in several pages, without a line lost or repeated between them."""
    with database.write() as conn:
        say(running, *(f"{at} {'x' * 900}" for at in range(1_500)))
        write(conn, running)
        lines, _, is_all = logs.read(conn, running.job_id, START, 0)
        assert (is_all, 500 < len(lines) < 700) == (False, True)
        assert [line.seq for line in read_all(conn, running.job_id)] == list(range(1, 1_501))


def test_only_the_last_runs_of_a_job_keep_their_logs(database: Database) -> None:
    """A job that snoozes for ever does not fill the database."""
    with database.write() as conn:
        job_id = submit(conn)
        for _ in range(MOST_RUNS + 3):
            run = claim_one(conn, job_id)
            assert run is not None
            say(run, "here")
            assert end(conn, run, "snoozed")
        assert [line.run for line in read_all(conn, job_id)] == list(range(4, MOST_RUNS + 4))


def test_large_logs_are_pruned_bit_by_bit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction deletes more than so much, and the pruner is told that more is left."""
    monkeypatch.setattr(jobs, "MOST_LOG_BYTES", 2_500)
    with database.write() as conn:
        for _ in range(3):
            _, run = job_in(conn, "running")
            assert run is not None
            say(run, "x" * 1_000)
            assert end(conn, run, "succeeded")
        counts = [
            jobs.prune(conn, jobs.Expired(["succeeded"], LATER + timedelta(days=1)), limit=9)
            for _ in range(3)
        ]
        assert (counts, rows(conn)) == ([9, 1, 0], 0)


def test_logs_go_with_their_job(database: Database) -> None:
    """Deleted by hand or pruned, while those of others stay."""
    with database.write() as conn:
        made: list[Any] = [job_in(conn, "running") for _ in range(3)]
        for job_id, run in made:
            say(run, job_id)
            assert end(conn, run, "succeeded")
        assert jobs.delete_final(conn, [made[0][0]]) == 1
        assert rows(conn) == 2
        assert jobs.prune(conn, jobs.Expired(["succeeded"], LATER + timedelta(days=1)), limit=1) == 1
        assert rows(conn) == 1
