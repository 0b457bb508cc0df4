"""Unique keys under load: several processes that submit the same one at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import NamedTuple

import pytest
from sqlalchemy import select

from app.jobs.database.database import Database
from app.jobs.database.tables import JOBS, UNIQUE_KEYS
from app.jobs.store import queries
from app.jobs.store.job_filters import JobFilters

from ..store.factory import register
from ..support import ROOT
from .consistency import check_consistency

PROCESSES = 4


class Answer(NamedTuple):
    """What a submission was answered, and when on the machine's monotonic clock."""

    job_id: str
    outcome: str
    name: str
    began: str
    ended: str


def storm(database: Database, submissions: int, on_conflict: str) -> list[Answer]:
    """The answers to the submissions of PROCESSES processes, so many in all."""
    with database.write() as conn:
        for number in range(PROCESSES):
            register(conn, f"worker-{number}")
    address = database.engine.url.render_as_string(hide_password=False)
    each = str(submissions // PROCESSES)
    command = [sys.executable, "-m", "tests.reliability.unique_storm", address]
    processes = [
        subprocess.Popen(
            [*command, str(number), each, on_conflict],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    said = [process.communicate(timeout=300) for process in processes]
    assert [words for _, words in said] == [""] * PROCESSES
    return [Answer(*line.split()) for lines, _ in said for line in lines.splitlines()]


@pytest.mark.long
@pytest.mark.timeout(200)
def test_one_key_is_one_job(database: Database) -> None:
    """200 submissions at once from 20 threads in 4 processes store one job, and all are told which."""
    answers = storm(database, 200, "return")
    assert len(answers) == 200
    assert len({answer.job_id for answer in answers}) == 1
    assert Counter(answer.outcome for answer in answers) == {"stored": 1, "existing": 199}
    with database.read() as conn:
        assert queries.count(conn, JobFilters()) == (1, False)
    check_consistency(database)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("submissions", [200, 4_000])
def test_the_last_arguments_of_a_storm_of_reanswers_run(database: Database, submissions: int) -> None:
    """While four workers claim: every job ends, and the arguments that came last have run."""
    answers = storm(database, submissions, "replace")
    assert len(answers) == submissions
    assert {answer.outcome for answer in answers} <= {"stored", "replaced"}
    with database.read() as conn:
        jobs = conn.execute(select(JOBS.c.id, JOBS.c.state, JOBS.c.args, JOBS.c.version)).all()
        events = conn.exec_driver_sql("SELECT job_id, type FROM simmer_events ORDER BY id").all()
        assert conn.execute(select(UNIQUE_KEYS)).all() == []
    assert {job.state for job in jobs} == {"succeeded"}
    types = Counter(type for _, type in events)
    assert types["submitted"] + types["replaced"] == submissions
    last = max(index for index, (_, type) in enumerate(events) if type in ("submitted", "replaced"))
    (name,) = [json.loads(job.args)["name"] for job in jobs if job.id == events[last][0]]
    (ran_last,) = [answer for answer in answers if answer.name == name]
    # No submission began after this one had been answered, so that its arguments are the last ones.
    assert max(float(answer.began) for answer in answers) <= float(ran_last.ended)
    check_consistency(database)
