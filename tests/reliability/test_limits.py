"""Limits hold across processes, one of which is killed: judged by the times of the attempts."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL, select

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, JOBS
from app.jobs.states import SUCCEEDED
from app.jobs.store.job_filters import JobFilters

from ..support import ROOT, eventually
from .consistency import check_consistency
from .limits_host import create_app, db, jobs, keyed, paced

SECOND = timedelta(seconds=1)


@contextmanager
def worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs jobs."""
    command = [sys.executable, "-m", "tests.reliability.limits_host", url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)


def most_at_a_time(attempts: Sequence[Any]) -> int:
    """How many of them there were at a moment, at most."""
    ends = [(row.finished_at, -1) for row in attempts]
    running, most = 0, 0
    for _, change in sorted([*ends, *((row.claimed_at, 1) for row in attempts)]):
        running += change
        most = max(most, running)
    return most


def most_within(moments: Sequence[datetime], length: timedelta) -> int:
    """How many of them there were in a time of that length, at most."""
    found, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > length:
            first += 1
        found = max(found, last - first + 1)
    return found


@pytest.mark.long
@pytest.mark.timeout(180)
def test_limits_hold_in_four_processes_one_of_which_is_killed(url: URL) -> None:
    """Never more than two of a key run, nor more than fifty are claimed within a second; all end well."""
    text = url.render_as_string(hide_password=False)
    with create_app(text).app_context(), ExitStack() as stack:
        db.create_all()
        keyed.submit_many([{"tenant": f"t{number % 5}"} for number in range(500)])
        paced.submit_many([{}] * 250)
        workers = [stack.enter_context(worker(text)) for _ in range(4)]

        def done() -> int:
            return jobs.runtime.jobs.count(JobFilters(states=(SUCCEEDED,)))[0]

        eventually(lambda: done() > 60, 60)
        workers[0].send_signal(signal.SIGKILL)
        eventually(lambda: done() == 750, 60)
        database = jobs.runtime.database
        check_limits(database)
        jobs.runtime.database.close()
        db.engine.dispose()


def check_limits(database: Database) -> None:
    """Judge by the attempts."""
    check_consistency(database)
    of = ATTEMPTS.c
    query = select(JOBS.c.task, JOBS.c.args, of.claimed_at, of.finished_at).join(JOBS, JOBS.c.id == of.job_id)
    by_key = defaultdict(list)
    with database.read() as conn:
        for row in conn.execute(query.order_by(of.claimed_at)):
            by_key[row.task, row.args].append(row)
    claims = [row.claimed_at for row in by_key.pop(("paced", "{}"))]
    most = {key: most_at_a_time(rows) for key, rows in by_key.items()}
    print(most, most_within(claims, SECOND), claims[-1] - claims[0])
    assert len(most) == 5
    assert max(most.values()) == 2
    assert most_within(claims, SECOND) <= 50
    assert claims[-1] - claims[0] < 20 * SECOND
