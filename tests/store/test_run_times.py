"""How long the latest runs of tasks took."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.store import completion, run_times

from .factory import NOW, OUTCOMES, claim_one, register, submit


def finish(
    conn: Connection, seconds: float, task: str = "add", verb: str = "succeeded", begun: int = 0
) -> str:
    """A job whose run began so many seconds after NOW and took so long; its id."""
    run = claim_one(conn, submit(conn, task=task))
    assert run is not None
    started_at = NOW + timedelta(seconds=begun)
    finished_at = started_at + timedelta(seconds=seconds)
    completion.complete(
        conn, [replace(run, outcome=OUTCOMES[verb], started_at=started_at, finished_at=finished_at)]
    )
    return run.job_id


def test_the_latest_runs_count(database: Database) -> None:
    """Of each task those that ended last, whether they succeeded or failed; no snooze and no cancellation."""
    with database.write() as conn:
        register(conn)
        finish(conn, 5, begun=90)
        finish(conn, 2, verb="failed", begun=60)
        finish(conn, 3, "mail")
        for verb in ("cancelled", "snoozed", "released"):
            finish(conn, 7, verb=verb)
        last = submit(conn)
        found = run_times.latest(conn, dict.fromkeys(("add", "mail", "none"), last))
    assert found == {"add": [5.0, 2.0], "mail": [3.0], "none": []}


def test_a_hundred_runs_are_enough(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest ones."""
    monkeypatch.setattr(run_times, "MOST_RUNS", 2)
    with database.write() as conn:
        register(conn)
        for number in range(4):
            finish(conn, number, begun=60 * number)
        assert run_times.latest(conn, {"add": submit(conn)}) == {"add": [3.0, 2.0]}


def test_a_rare_task_is_found_by_its_own_jobs(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the job downwards that is named: above it any number may wait."""
    monkeypatch.setattr(run_times, "MOST_ENDED", 1)
    monkeypatch.setattr(run_times, "MOST_OF_TASK", 3)
    with database.write() as conn:
        register(conn)
        finish(conn, 9, "rare")
        finish(conn, 1, begun=60)
        first, *_, last = [submit(conn, task="rare") for _ in range(4)]
        assert run_times.latest(conn, {"rare": first}) == {"rare": [9.0]}
        assert run_times.latest(conn, {"rare": last}) == {"rare": []}
