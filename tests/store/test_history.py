"""The history of the counters: what ended in which minute and hour, exactly once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select

from app.jobs.database.database import Database
from app.jobs.database.tables import COUNTERS, EVENTS, HISTORY
from app.jobs.states import FINAL
from app.jobs.store import history, jobs
from app.jobs.store.history import HOUR, MINUTE, QUARTER_DAY, Span

from ..store.factory import NOW, claim_one, end, register, submit

SPAN = Span(MINUTE, NOW - timedelta(hours=1))


def sample(database: Database, now: datetime) -> bool:
    """Take a sample."""
    with database.write() as conn:
        return history.sample(conn, history.sampled_at(conn), now)


def ended(database: Database, now: datetime, span: Span = SPAN) -> Counter[tuple[datetime, str]]:
    """(minute or hour, state) → how many jobs ended."""
    with database.read() as conn:
        rows = history.read(conn, span, now, ("at", "name"), FINAL)
    found: Counter[tuple[datetime, str]] = Counter()
    for row in rows:
        found[history.floor(row.at, span.resolution), row.name] += row.count
    return found


def work(database: Database, verb: str, count: int = 1) -> None:
    """End jobs."""
    with database.write() as conn:
        for _ in range(count):
            claim = claim_one(conn, submit(conn))
            assert claim is not None
            assert end(conn, claim, verb)


@pytest.fixture
def sampled(database: Database) -> Database:
    """A database with a worker, of which a sample was taken before anything ended."""
    with database.write() as conn:
        register(conn)
    assert sample(database, NOW)
    return database


def at(minutes: float) -> datetime:
    """So long after the first sample."""
    return NOW + timedelta(minutes=minutes)


def test_each_minute_has_what_ended_in_it(sampled: Database) -> None:
    """What has not been stored yet is read from the counters, and nothing is both."""
    work(sampled, "succeeded", 3)
    assert ended(sampled, at(0.5)) == {(NOW, "succeeded"): 3}
    assert sample(sampled, at(1.01))
    work(sampled, "failed", 2)
    work(sampled, "cancelled")
    expected = {(NOW, "succeeded"): 3, (at(1), "failed"): 2, (at(1), "cancelled"): 1}
    assert ended(sampled, at(1.9)) == expected
    assert sample(sampled, at(2.005))
    assert ended(sampled, at(2.9)) == expected
    hours = {(NOW, "succeeded"): 3, (NOW, "failed"): 2, (NOW, "cancelled"): 1}
    assert ended(sampled, at(2.9), Span(HOUR, NOW)) == hours


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_ends_that_were_committed_late_are_not_missed(sampled: Database) -> None:
    """A transaction that began before a sample and ends after it counts in the next."""
    with sampled.write() as conn:
        claim = claim_one(conn, submit(conn))
        assert claim is not None
    with sampled.write() as conn:
        assert end(conn, claim, "succeeded")
        assert sample(sampled, at(1))
        assert ended(sampled, at(1)) == {}
    assert sample(sampled, at(2))
    assert ended(sampled, at(2)) == {(at(1), "succeeded"): 1}


def test_jobs_that_are_deleted_or_run_again_stay_counted(sampled: Database) -> None:
    """Each end is counted, whatever becomes of its job."""
    with sampled.write() as conn:
        claim = claim_one(conn, submit(conn))
        assert claim is not None
        assert end(conn, claim, "failed")
        assert jobs.retry(conn, claim.job_id, NOW)
        again = claim_one(conn, claim.job_id)
        assert again is not None
        assert end(conn, again, "succeeded")
        assert jobs.delete_final(conn, [claim.job_id]) == 1
    assert sample(sampled, at(1))
    assert ended(sampled, at(1)) == {(NOW, "failed"): 1, (NOW, "succeeded"): 1}


def test_one_of_several_processes_takes_the_sample(sampled: Database) -> None:
    """Whoever saw the same watermark and comes second stores nothing."""
    work(sampled, "succeeded", 5)

    def sample_after(last: datetime | None) -> bool:
        with sampled.write() as conn:
            return history.sample(conn, last, at(1))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sample_after, [NOW] * 4)) == 1
        assert sum(pool.map(sample_after, [None] * 4)) == 0
    assert ended(sampled, at(1)) == {(NOW, "succeeded"): 5}


def test_the_first_sample_leaves_the_past_alone(database: Database) -> None:
    """What was counted before there was a history is of no known time; what has just happened is."""
    for age, expected in ((timedelta(hours=5), 0), (timedelta(seconds=5), 1)):
        with database.write() as conn:
            for table in (HISTORY, COUNTERS, EVENTS):
                conn.execute(delete(table))
            conn.exec_driver_sql("DELETE FROM simmer_watermarks")
            conn.exec_driver_sql("DELETE FROM simmer_workers")
            register(conn)
            claim = claim_one(conn, submit(conn))
            assert claim is not None
            assert end(conn, claim, "succeeded")
        now = NOW + age
        assert ended(database, now, Span(HOUR, NOW)) == {}
        assert sample(database, now)
        assert sum(ended(database, now, Span(HOUR, NOW)).values()) == expected


def test_where_no_worker_lives_what_ended_last_stays_where_it_was(sampled: Database) -> None:
    """The outcomes of a drain are of the minute of the drain, however late they are looked at."""
    work(sampled, "succeeded")
    assert ended(sampled, at(600), Span(MINUTE, at(540))) == {}
    assert ended(sampled, at(600), Span(HOUR, NOW)) == {(NOW, "succeeded"): 1}
    assert sample(sampled, at(600))
    assert ended(sampled, at(600), Span(HOUR, NOW)) == {(NOW, "succeeded"): 1}


def test_a_clock_that_is_set_back_stops_no_samples(sampled: Database) -> None:
    """A sample of a time to come is not waited for, and what is stored under a minute twice is added up."""
    work(sampled, "succeeded")
    assert sample(sampled, at(60))
    assert history.is_due(at(60), at(30))
    assert not history.is_due(at(30.5), at(30))
    work(sampled, "succeeded")
    assert sample(sampled, at(30))
    assert sum(ended(sampled, at(61), Span(HOUR, NOW)).values()) == 2


def test_old_rows_go_and_their_sums_do_not_come_back(sampled: Database) -> None:
    """Minutes after an hour, hours after a day; what was sampled once is not sampled again."""
    work(sampled, "succeeded", 2)
    assert sample(sampled, at(1))
    with sampled.write() as conn:
        assert history.prune(conn, at(60 * 30)) > 0
        assert {row.resolution for row in conn.execute(select(HISTORY))} == {0, QUARTER_DAY}
        assert history.prune(conn, at(60 * 24 * 9), 1) == 1
        while history.prune(conn, at(60 * 24 * 9)):
            pass
        assert {row.resolution for row in conn.execute(select(HISTORY))} == {0}
    assert sample(sampled, at(60 * 24 * 9))
    assert ended(sampled, at(60 * 24 * 9), Span(HOUR, NOW)) == {}
