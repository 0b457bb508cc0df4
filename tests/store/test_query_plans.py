"""SQLite reads no more than it must: each scan that is made often uses its partial index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, make_url

from app.jobs.database.database import Database
from app.jobs.database.row_sets import as_json
from app.jobs.states import FINAL
from app.jobs.store import (
    batches,
    claims,
    events,
    expiry,
    files,
    fires,
    history,
    jobs,
    loads,
    overruns,
    overview,
    positions,
    queries,
    rescue,
    retention,
    run_times,
    runs,
    time_ranges,
    turns,
    workers,
)
from app.jobs.store.job_filters import JobFilters
from app.jobs.store.jobs import Expired
from app.jobs.store.snapshots import as_submitted

from .factory import NOW, claim_one, end, new_job, submit

_JOB = as_submitted(new_job())
_TASKS = ["add", "mail"]
_ENDED = JobFilters(finished_after=NOW, finished_before=NOW)
READS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "claim": (lambda conn: claims.candidates(conn, ["q"], _TASKS, 8, NOW), "ix_simmer_jobs_due"),
    "claim of an app": (
        lambda conn: claims.candidates(conn, ["q"], _TASKS, 8, NOW, app="shop"),
        "ix_simmer_jobs_due",
    ),
    "anything due": (
        lambda conn: claims.anything_due(conn, ["q"], _TASKS, NOW, app="shop"),
        "ix_simmer_jobs_due",
    ),
    "wake": (lambda conn: claims.wake(conn, NOW), "ix_simmer_jobs_wake"),
    "next due": (claims.next_due, "ix_simmer_jobs_wake"),
    "is there an orphan": (rescue.has_orphans, "ix_simmer_jobs_running"),
    "orphans": (lambda conn: rescue.rescue(conn, NOW), "ix_simmer_jobs_running"),
    "unknown runs": (lambda conn: runs.unknown_runs(conn, "w", ()), "ix_simmer_jobs_running"),
    "queues due": (claims.queues_due, "ix_simmer_jobs_due"),
    "running jobs": (workers.running_jobs, "ix_simmer_jobs_running"),
    "next fire": (lambda conn: fires.next_fire(conn, _TASKS), "ix_simmer_schedules_next"),
    "schedules due": (lambda conn: fires.due(conn, NOW, _TASKS, 9), "ix_simmer_schedules_next"),
    "batch": (lambda conn: batches.get(conn, "b"), "ix_simmer_jobs_batch"),
    "count by state": (
        lambda conn: queries.count(conn, JobFilters(states=("queued",))),
        "ix_simmer_jobs_state",
    ),
    "count by task": (lambda conn: queries.count(conn, JobFilters(tasks=("add",))), "ix_simmer_jobs_task"),
    "page of a queue": (
        lambda conn: queries.page(conn, JobFilters(queues=("mail",)), 5, None, True),
        "ix_simmer_jobs_queue",
    ),
    "backlog": (lambda conn: queries.backlog(conn, 10), "ix_simmer_jobs_state"),
    "due ahead": (lambda conn: positions.due_ahead(conn, _JOB, ["q"], [], 9), "ix_simmer_jobs_due"),
    "due before it": (lambda conn: positions.due_ahead(conn, _JOB, [], ["q"], 9), "ix_simmer_jobs_due"),
    "parked ahead": (lambda conn: positions.parked_ahead(conn, _JOB, "k", 9), "ix_simmer_jobs_parked"),
    "runs of workers": (lambda conn: positions.running_on(conn, ["w"], 9), "ix_simmer_jobs_running"),
    "holders of a limit": (
        lambda conn: positions.holders(conn, "limit_key", "k", 9),
        "ix_simmer_jobs_limited",
    ),
    "holders of a queue": (
        lambda conn: positions.holders(conn, "queue_key", "k", 9),
        "ix_simmer_jobs_of_queue",
    ),
    "claims of a rate": (
        lambda conn: positions.claims_since(conn, "k", NOW, 9),
        "sqlite_autoindex_simmer_rate_claims_1",
    ),
    "latest runs": (lambda conn: run_times.latest(conn, {}), "ix_simmer_jobs_finished"),
    "ahead": (lambda conn: queries.ahead(conn, _JOB, 9), "ix_simmer_jobs_due"),
    "live workers": (lambda conn: workers.live_workers(conn, NOW, NOW), "ix_simmer_jobs_running"),
    "overdue runs": (lambda conn: overruns.overdue_runs(conn, NOW), "ix_simmer_jobs_running"),
    "runs of an overview": (overview.running, "ix_simmer_jobs_running"),
    "failed jobs of an overview": (lambda conn: overview.failed(conn, 9), "ix_simmer_jobs_state"),
    "next fires of an overview": (lambda conn: overview.next_fires(conn, 9), "ix_simmer_schedules_next"),
    "next expiry": (expiry.next_expiry, "ix_simmer_jobs_expires"),
    "expire": (lambda conn: expiry.expire(conn, NOW), "ix_simmer_jobs_expires"),
    "prune": (lambda conn: jobs.prune(conn, Expired(["failed"], NOW)), "ix_simmer_jobs_state"),
    "prune of a task": (lambda conn: jobs.prune(conn, Expired(FINAL, NOW, "add")), "ix_simmer_jobs_task"),
    "tasks with jobs": (retention.tasks_with_jobs, "ix_simmer_jobs_task"),
    "results that go": (lambda conn: retention.has_expired_results(conn, NOW), "ix_simmer_jobs_results"),
    "events": (lambda conn: events.events_of(conn, "j"), "ix_simmer_events_job"),
    "few that ended": (lambda conn: time_ranges.candidates(conn, NOW, NOW, NOW), "ix_simmer_jobs_finished"),
    "loads": (lambda conn: loads.loads(conn, NOW), "ix_simmer_jobs_due"),
    "content to remove": (lambda conn: files.to_remove(conn, NOW, 9), "ix_simmer_files_remove"),
    "files": (lambda conn: files.files_of(conn, "j"), "uq_simmer_files_name"),
    "page": (lambda conn: queries.page(conn, JobFilters(), 5, "j", True), "sqlite_autoindex_simmer_jobs_1"),
}


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with our tables."""
    database = Database.connect(make_url(f"sqlite:///{tmp_path}/plans.db"), threads=1, synchronous="NORMAL")
    database.create_tables()
    yield database
    database.close()


def explain(conn: Connection, sql: str) -> list[str]:
    """The steps by which SQLite would execute the statement, whatever its parameters."""
    nothing = (None,) * sql.count("?")
    return [row[-1] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", nothing)]


def check(steps: list[str], index: str) -> None:
    """The index is used, nothing is scanned whole and nothing sorted."""
    assert any(index in step for step in steps), steps
    assert not any(step in ("SCAN simmer_jobs", "SCAN simmer_schedules") for step in steps), steps
    assert not any("ORDER BY" in step for step in steps), steps


@pytest.mark.parametrize("name", READS)
def test_a_read_uses_its_index(lite: Database, name: str) -> None:
    """The first statement that the function sends."""
    read, index = READS[name]
    sent: list[str] = []
    event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    with lite.write() as conn:
        read(conn)
        statements = [sql for sql in sent if sql.startswith(("SELECT", "WITH", "UPDATE"))]
        assert statements
        check(explain(conn, statements[0]), index)


def test_results_that_go_are_found_by_when_their_jobs_ended(lite: Database) -> None:
    """Of each length of time its own: no job is read whose result is to stay or has gone."""
    sent: list[str] = []
    with lite.write() as conn:
        claim = claim_one(conn, submit(conn, keep_result_for=5.0))
        assert claim is not None
        assert end(conn, claim, "succeeded")
        event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
        assert retention.clear_results(conn, NOW + timedelta(seconds=6), 9) == 1
        check(explain(conn, sent[1]), "ix_simmer_jobs_results (keep_result_for=? AND finished_at<?)")


def test_turns_find_the_next_key_by_their_index(lite: Database) -> None:
    """And its first job with it: no other key's jobs are read, however many they are."""
    sent: list[str] = []
    with lite.write() as conn:
        submit(conn, fair_key='"a"')
        rows = claims.candidates(conn, ["default"], _TASKS, 2, NOW)
        event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
        turns.deal(conn, rows, ["add"], tasks=as_json(_TASKS), now=NOW, too_many=3, app=None)
        for sql in [sql for sql in sent if "LIMIT" in sql]:
            check(
                explain(conn, sql), "ix_simmer_jobs_fair (task=? AND queue=? AND priority=? AND fair_key>?)"
            )


def test_claim_and_outcome_find_their_rows_by_key(lite: Database) -> None:
    """However many rows a statement is given, each of them costs one look by its key."""
    sent: list[str] = []
    with lite.write() as conn:
        job_id = submit(conn)
        event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
        claim = claim_one(conn, job_id)
        assert claim is not None
        assert end(conn, claim, "succeeded")
        given = [sql for sql in sent if "json_each" in sql]
        assert len(given) == 8
        for sql in given:
            steps = [step for step in explain(conn, sql) if "simmer_" in step]
            assert all("(id=?)" in step or "(job_id=? AND run=?)" in step for step in steps), steps


@pytest.mark.parametrize("names", [FINAL, ("run", "wait")])
def test_a_window_is_a_range_of_the_history(lite: Database, names: Sequence[str]) -> None:
    """Beside it only the counters are read, and the rows with which these are compared; no job."""
    sent: list[str] = []
    event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    with lite.write() as conn:
        history.sample(conn, None, NOW)
        span = history.Span(history.MINUTE, NOW)
        history.read(conn, span, NOW + timedelta(seconds=30), ("task", "name", "bucket"), names)
        steps = [step for step in explain(conn, sent[-1]) if "simmer_" in step]
    assert sorted(step.split()[0] for step in steps) == ["SCAN", "SEARCH", "SEARCH"], steps
    assert any("(resolution=? AND at>?)" in step for step in steps), steps
    assert [step for step in steps if step.startswith("SCAN")] == ["SCAN simmer_counters"]


def test_a_page_of_what_ended_reads_no_more_than_that(lite: Database) -> None:
    """Its jobs are found by the index of when they ended; no other row is read, and nothing sorted."""
    sent: list[str] = []
    event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    with lite.read() as conn:
        queries.page(conn, _ENDED, 5, None, True)
        queries.page(conn, JobFilters(started_after=NOW), 5, None, True)
        for sql in [sql for sql in sent if "LIMIT" in sql]:
            check(explain(conn, sql), "ix_simmer_jobs_finished")


def test_the_latest_runs_of_a_task_are_found_by_its_jobs(lite: Database) -> None:
    """From a job downwards, where those that ended last tell too little."""
    sent: list[str] = []
    event.listen(lite.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    with lite.read() as conn:
        run_times.latest(conn, {"add": "j"})
        check(explain(conn, sent[-1]), "ix_simmer_jobs_task (task=? AND id<?)")
