"""The history counts each end once, whoever works and takes samples at the same moment."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, EVENTS, JOBS
from app.jobs.states import FINAL
from app.jobs.store import history
from app.jobs.store.history import HOUR, MINUTE, QUARTER_DAY, Span

from ..store.factory import NOW
from ..support import ROOT
from .history_loop import TURNS

PROCESSES = ("one", "two")


def test_two_processes_and_the_history_count_the_same(database: Database) -> None:
    """By task and state as the events say, and as many run times as runs; in each resolution."""
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.reliability.history_loop", url]
    started = [subprocess.Popen([*command, name], cwd=ROOT) for name in PROCESSES]
    assert [process.wait(60) for process in started] == [0, 0]
    task = select(JOBS.c.task).where(JOBS.c.id == EVENTS.c.job_id).scalar_subquery()
    ends = select(task, EVENTS.c.to_state, func.count()).where(EVENTS.c.to_state.in_(FINAL))
    now = NOW + timedelta(minutes=TURNS)
    with database.read() as conn:
        expected: Counter[Any] = Counter(
            {
                (task, state): count
                for task, state, count in conn.execute(ends.group_by(task, EVENTS.c.to_state))
            }
        )
        runs = conn.scalar(
            select(func.count()).select_from(ATTEMPTS).where(ATTEMPTS.c.started_at.is_not(None))
        )
        for resolution in (MINUTE, HOUR, QUARTER_DAY):
            span = Span(resolution, NOW - timedelta(hours=6))
            found = history.read(conn, span, now, ("task", "name"), FINAL)
            assert {(row.task, row.name): row.count for row in found} == expected
            for name in ("run", "wait"):
                times = history.read(conn, span, now, ("bucket",), (name,))
                assert sum(row.count for row in times) == runs
    assert sum(expected.values()) > TURNS
