"""The database fails at every single call, many claim at once, any verb comes at any time (T2, T3, T5)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import make_url

from app.jobs import DatabaseUnavailable, Simmer
from app.jobs.database.database import Database
from app.jobs.run import Run
from app.jobs.store import claims, completion, jobs, queries, rescue, workers
from app.jobs.store.job_filters import JobFilters

from ..store.factory import NOW, OUTCOMES, ended, register, submit
from ..support import ROOT
from .consistency import check_consistency
from .database_faults import failing_statement

MakeApp = Callable[..., Flask]


def test_any_single_failure_is_survived(make_app: MakeApp) -> None:
    """The n-th statement fails, for n = 1, 2, 3 … until none is left to fail: no job is lost, none hangs."""
    tasks = Simmer()
    tried: set[str] = set()

    @tasks.task(max_attempts=2, backoff=0)
    def second_time(name: str) -> str:
        if name not in tried:
            tried.add(name)
            raise ValueError(name)
        return name

    app = make_app(
        tasks, JOBS_ENGINE="thread", JOBS_THREADS=1, JOBS_HEARTBEAT_SECONDS=0.1, JOBS_RESCUE_AFTER=10
    )
    with app.app_context():
        database = tasks.runtime.database
        tasks.start()
        for number in count(1):
            with failing_statement(database, number) as happened:
                job = _submit_until_acknowledged(second_time, str(number))
                finished = _wait(tasks, job.id)
                cancelled = _submit_until_acknowledged(second_time.options(delay=3600), "later")
                _insist(partial(tasks.cancel, cancelled.id))
            assert (finished.state, finished.result) == ("succeeded", str(number)), number
            assert tasks.get(cancelled.id).state == "cancelled"
            if not happened() or number >= 40:
                break
        assert number >= 20
        tasks.stop(timeout=5)
        check_consistency(database)


def _submit_until_acknowledged(task: Any, name: str) -> Any:
    return _insist(lambda: task.submit(name=name))


def _insist(call: Callable[[], Any]) -> Any:
    with suppress(DatabaseUnavailable):
        return call()
    return call()


def _wait(tasks: Simmer, job_id: str) -> Any:
    job = _insist(lambda: tasks.wait(job_id, 10))
    assert job.is_final, job
    return job


class Histories(RuleBasedStateMachine):
    """Any verb by any of three owners, at any time."""

    ids = Bundle("ids")
    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        """An empty database, three owners."""
        self.database = Database.connect(
            make_url(f"sqlite:///{self.folder}/machine.db"), threads=1, synchronous="OFF"
        )
        self.database.create_tables()
        with self.database.write() as conn:
            for table in ("jobs", "events", "attempts", "workers"):
                conn.exec_driver_sql(f"DELETE FROM simmer_{table}")
            for owner in "abc":
                register(conn, owner)

    folder = "/nowhere"

    @rule(target=ids, fail=st.booleans())
    def submit(self, fail: bool) -> str:
        """A new job."""
        with self.database.write() as conn:
            return submit(conn, on_interrupt="fail" if fail else "retry")

    @rule(target=held, job=ids, owner=st.sampled_from("abc"))
    def claim(self, job: str, owner: str) -> Run | None:
        """An owner claims it, if it can be."""
        with self.database.write() as conn:
            made = claims.claim(conn, claims.candidate(conn, job), owner, "thread", NOW)
        return made[0] if made else None

    @rule(claim=held, verb=st.sampled_from(sorted(OUTCOMES)))
    def settle(self, claim: Run | None, verb: str) -> None:
        """An owner, perhaps a late one, ends a run: only the last claim of a running job counts."""
        if claim is None:
            return
        with self.database.write() as conn:
            before = conn.exec_driver_sql(
                "SELECT state, claim FROM simmer_jobs WHERE id = ?", (claim.job_id,)
            ).one()
            done = completion.complete(conn, [ended(claim, OUTCOMES[verb])])
            assert bool(done) == (tuple(before) == ("running", claim.token))

    @rule(job=ids)
    def cancel(self, job: str) -> None:
        """Somebody cancels it or asks it to stop."""
        with self.database.write() as conn:
            if not jobs.cancel(conn, job, NOW):
                jobs.request_cancel(conn, job, NOW)

    @rule(job=ids)
    def retry(self, job: str) -> None:
        """An operator retries it."""
        with self.database.write() as conn:
            jobs.retry(conn, job, NOW)

    @rule(owner=st.sampled_from("abc"))
    def die(self, owner: str) -> None:
        """An owner dies, its jobs are rescued, and it comes back."""
        with self.database.write() as conn:
            workers.deregister(conn, owner)
            rescue.rescue(conn, NOW)
            register(conn, owner)

    def teardown(self) -> None:
        """Every history is legal, whatever came."""
        check_consistency(self.database)
        self.database.close()


def test_every_history_is_legal(tmp_path: Path) -> None:
    """Hypothesis looks for an order of verbs that ends in a state which must not be."""
    in_folder = type("HistoriesInFolder", (Histories,), {"folder": str(tmp_path)})
    run_state_machine_as_test(
        in_folder,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


CLAIM_LOOP = """
import sys, threading
from sqlalchemy import make_url
from app.jobs.database.database import Database
from tests.reliability.claim_loop import drain
drain(Database.connect(make_url(sys.argv[1]), threads=2, synchronous="NORMAL"), sys.argv[2])
"""


def test_no_job_is_claimed_twice(database: Database) -> None:
    """Four processes of two threads drain 2,000 jobs: 2,000 runs, all different, and no error."""
    with database.write() as conn:
        for _ in range(2_000):
            submit(conn)
        for number in range(4):
            register(conn, f"worker-{number}")
    address = database.engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM_LOOP, address, f"worker-{number}"], cwd=ROOT, stderr=subprocess.PIPE
        )
        for number in range(4)
    ]
    ended = [process.communicate(timeout=60)[1] for process in processes]
    assert [(process.returncode, words) for process, words in zip(processes, ended, strict=True)] == [
        (0, b"")
    ] * 4
    with database.read() as conn:
        assert queries.count(conn, JobFilters(states=("succeeded",))) == (2_000, False)
        assert conn.exec_driver_sql("SELECT count(*) FROM simmer_attempts").scalar() == 2_000
    check_consistency(database)


@pytest.mark.parametrize("verb", ["succeeded", "failed"])
def test_an_outcome_whose_commit_was_not_answered_is_stored_once(database: Database, verb: str) -> None:
    """Writing it again, as one does who had no answer, changes nothing (T4)."""
    with database.write() as conn:
        register(conn)
        job_id = submit(conn)
        made = claims.claim(conn, claims.candidate(conn, job_id), "worker-1", "thread", NOW)[0]
    end = ended(made, OUTCOMES[verb])
    for first in (True, False):
        with database.write() as conn:
            assert bool(completion.complete(conn, [end])) is first
    check_consistency(database)
