"""The dead are found by their silence, while the observer itself could write (promise 4)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.jobs import Simmer
from app.jobs.job import Job
from app.jobs.process.identity import ProcessIdentity, own_identity
from app.jobs.store import claims, workers
from app.jobs.store.workers import NewWorker

from ..reliability.consistency import check_consistency
from ..reliability.database_faults import outage
from ..reliability.manual_worker import ManualWorker, make_manual_app


@pytest.fixture
def jobs(make_app: Callable[..., Flask]) -> Iterator[Simmer]:
    """A Simmer with one task, in the context of its app."""
    made = Simmer()
    made.task("add")(lambda: 1)
    with make_manual_app(make_app, made).app_context():
        yield made


def observer_and_other(jobs: Simmer, **settings: Any) -> tuple[ManualWorker, ManualWorker, Job]:
    """Two workers of two processes; the second has claimed a job that it does not come to run."""
    observer, other = ManualWorker(jobs, **settings), ManualWorker(jobs, **settings)
    observer.turn()
    observer.rescue()
    job = jobs.submit("add")
    other.turn()
    assert jobs.get(job.id).worker == other.dispatcher.id
    return observer, other, job


def test_a_worker_is_dead_after_rescue_after_and_not_before(jobs: Simmer) -> None:
    """Its job is queued again, with nothing spent; the observer's own row stays."""
    observer, _other, job = observer_and_other(jobs)
    for _ in range(30):
        observer.rescue(1.0)
    assert observer.states([job]) == ["running"]
    observer.rescue(1.0)
    assert observer.states([job]) == ["queued"]
    observer.work()
    assert (observer.states([job]), observer.outcomes(job)) == (["succeeded"], ["lost", "succeeded"])
    assert jobs.get(job.id).attempt == 1
    check_consistency(observer.database)


def test_a_long_job_of_a_worker_that_beats_is_never_run_twice(jobs: Simmer) -> None:
    """Ten times RESCUE_AFTER, and more."""
    observer, other, job = observer_and_other(jobs)
    for _ in range(320):
        observer.rescue(0.5)
        other.rescue(0.5)
    assert (observer.states([job]), observer.outcomes(job)) == (["running"], [None])


def test_the_observers_own_gaps_do_not_count(jobs: Simmer) -> None:
    """A machine that slept for a day wakes up with the others: nobody has been silent for its sleep."""
    observer, other, job = observer_and_other(jobs)
    for _ in range(5):
        observer.rescue(86_400)
    assert observer.states([job]) == ["running"]
    other.rescue(0)
    for _ in range(29):
        observer.rescue(1.0)
    assert observer.states([job]) == ["running"]


@pytest.mark.parametrize("rescue_after", [10.0, 30.0])
def test_a_locked_database_kills_nobody(jobs: Simmer, rescue_after: float) -> None:
    """Who could not write has seen nothing; the others get RESCUE_AFTER from its end on to speak again."""
    observer, other, job = observer_and_other(jobs, rescue_after=rescue_after)
    for _ in range(int(rescue_after) - 1):
        observer.rescue(1.0)
    with outage(observer.database):
        for _ in range(60):
            observer.rescue(1.0)
            other.rescue(0)
    for _ in range(int(rescue_after) - 1):
        observer.rescue(1.0)
    assert observer.states([job]) == ["running"]
    observer.rescue(2.0)
    assert observer.states([job]) == ["queued"]


@pytest.mark.parametrize("seconds", [3_600, -3_600, 365 * 86_400])
def test_a_clock_that_is_set_kills_nobody(jobs: Simmer, seconds: float) -> None:
    """Only the monotonic clock counts."""
    observer, other, job = observer_and_other(jobs)
    observer.rescue()
    observer.clock.jump(seconds)
    for _ in range(5):
        observer.rescue()
        other.rescue(0)
    assert observer.states([job]) == ["running"]
    assert len(jobs.runtime.status.workers()) == 2


def test_a_process_that_is_gone_is_rescued_from_at_once(jobs: Simmer) -> None:
    """An observer on the same machine finds no such process: it need not wait."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stat = Path(f"/proc/{child.pid}/stat").read_text()
    its = replace(own_identity(), pid=child.pid, process_start=stat.rpartition(")")[2].split()[19])
    observer = ManualWorker(jobs)
    observer.turn()
    now = observer.clock.now()
    row = NewWorker(
        id="other", engine="thread", threads=1, queues=None, tasks=(), started_at=now, **its.as_dict()
    )
    with observer.database.write() as conn:
        workers.register(conn, row)
    observer.rescue()
    assert len(jobs.runtime.status.workers()) == 2
    child.communicate(b"\n")
    observer.rescue()
    assert [each.id for each in jobs.runtime.status.workers()] == [observer.dispatcher.id]


def test_what_the_system_does_not_tell_proves_nothing() -> None:
    """Another machine, another container, or no /proc: then only silence counts."""
    here = own_identity()
    gone = replace(here, process_start="1")
    assert gone.proves_dead(here) is True
    assert here.proves_dead(here) is False
    for unknown in (
        replace(gone, boot_id="another"), replace(gone, pid_namespace="another"),
        replace(gone, boot_id=None), replace(gone, pid_namespace=None), replace(gone, process_start=None),
    ):  # fmt: skip
        assert unknown.proves_dead(here) is False
    assert ProcessIdentity("host", 2**22 + 1, here.boot_id, here.pid_namespace, "5").proves_dead(here) is True


def test_a_worker_without_its_row_does_not_bury_others(jobs: Simmer) -> None:
    """Before it is registered it has no business with the lives of others."""
    observer, other, job = observer_and_other(jobs)
    fresh = ManualWorker(jobs)
    for _ in range(60):
        fresh.rescue(1.0)
        other.rescue(0)
        observer.rescue(0)
    assert observer.states([job]) == ["running"]


def test_a_thousand_orphans_are_rescued_in_batches(jobs: Simmer) -> None:
    """All in one look, with a commit for each hundred."""
    observer = ManualWorker(jobs)
    observer.turn()
    task = jobs.task("other")(lambda: 1)
    task.submit_many([{}] * 1_000)
    with observer.database.write() as conn:
        rows = claims.candidates(conn, ["default"], ["other"], 1_000, observer.clock.now(), app="host")
        claims.claim(conn, rows, "dead", "thread", observer.clock.now())
    commits: list[object] = []
    event.listen(observer.database.engine, "commit", commits.append)
    observer.rescue()
    assert jobs.runtime.status.stats()["states"]["running"]["value"] == 0
    assert len(commits) >= 10
    check_consistency(observer.database)


def test_a_job_that_fails_by_crashes_is_told_to_the_alert_url(jobs: Simmer) -> None:
    """In the transaction of its end; what is put back is not told."""
    jobs.task("once", on_interrupt="fail")(lambda: 1)
    observer, other, job = observer_and_other(jobs, alert_url="http://127.0.0.1:9/")
    lost = jobs.submit("once")
    other.turn()
    for _ in range(40):
        observer.rescue(1.0)
    assert observer.states([job, lost]) == ["queued", "failed"]
    [delivery] = jobs.list(task="simmer.webhook")
    told = (delivery.args["to"], delivery.args["event"], delivery.args["job_id"])
    assert told == ("alert", "job_failed", lost.id)
