"""Many jobs at once: what is asked for, what is done, and beside workers that run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import InvalidArguments, Simmer
from app.jobs.service import bulk
from app.jobs.store.job_filters import JobFilters
from app.jobs.tasks.submission import Submission
from tests.reliability.consistency import check_consistency
from tests.support import eventually

MakeApp = Callable[..., Flask]


def _simmer() -> Simmer:
    jobs = Simmer()

    @jobs.task(backoff=0)
    def fail() -> None:
        raise ValueError("no")

    jobs.task("add")(lambda: 1)
    return jobs


def submit(jobs: Simmer, task: str, count: int, **options: Any) -> list[str]:
    """Submit so many jobs; their ids."""
    submissions = [Submission(task, {}, options) for _ in range(count)]  # type: ignore[arg-type]
    return [job.id for job in jobs.runtime.submissions.submit_many(submissions)]


def filters(**words: Any) -> JobFilters:
    """The filters of these words."""
    return JobFilters.of(words)


def some_are(jobs: Simmer, wanted: JobFilters) -> int:
    """How many such jobs there are."""
    return jobs.runtime.jobs.count(wanted)[0]


def test_the_methods_say_how_many_were_named_and_changed(make_app: MakeApp) -> None:
    """By ids as by filters; a dry run answers as the run would, and changes nothing."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        first, *_ = submit(jobs, "add", 3)
        jobs.testing.drain()
        waiting = submit(jobs, "add", 2)
        for _ in range(2):
            dry = jobs.cancel_many(task="add", dry_run=True)
            assert (dry.matched, dry.affected, dry.job) == (5, 2, None)
        done = jobs.cancel_many(task="add")
        assert (done.matched, done.affected) == (5, 2)
        assert jobs.cancel_many([first, first, *waiting]).as_dict() == {
            "matched": 3, "affected": 0, "job": None,
        }  # fmt: skip
        assert jobs.retry_many([first]).affected == 1
        assert jobs.get(first).state == "queued"
        assert jobs.delete_many(state=["cancelled", "succeeded"]).affected == 4
        assert [job.id for job in jobs.list()] == [first]


@pytest.mark.parametrize(
    ("ids", "filters", "place"),
    [
        (None, {}, "#"), (None, {"created_after": None}, "#"), (None, {"state": []}, "#/filter/state"),
        ([], {}, "#/ids"), (["x"], {}, "#/ids/0"), (["x"] * 1_001, {}, "#/ids/0"),
        (["x"], {"task": "add"}, "#"), (None, {"meta": {"a": [1]}}, "#/filter/meta"),
    ],
)  # fmt: skip
def test_everything_is_never_meant_by_nothing(make_app: MakeApp, ids: Any, filters: Any, place: str) -> None:
    """Who names neither ids nor a filter, or both, or what is no id, is told what to name."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        submit(jobs, "add", 1)
        with pytest.raises(InvalidArguments) as refused:
            jobs.delete_many(ids, **filters)
        assert refused.value.errors[0]["pointer"] == place
        with pytest.raises(TypeError):
            jobs.delete_many(colour="red")  # type: ignore[call-arg]


def test_more_than_a_thousand_are_done_by_a_job(make_app: MakeApp) -> None:
    """It works them off with progress, and leaves out itself and what came later; a second run adds none."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual", JOBS_MAX_QUEUED=1_002).app_context():
        ids = submit(jobs, "add", 1_001)
        result = jobs.cancel_many(state=["queued", "running"], by="ada")
        assert (result.matched, result.affected) == (1_001, 0)
        assert result.job is not None
        jobs.testing.drain()
        job = jobs.get(result.job.id)
        assert (job.state, job.result, job.progress.current) == ("succeeded", {"affected": 1_001}, 1_001)
        assert {jobs.get(job_id).state for job_id in ids[::100]} == {"cancelled"}
        assert jobs.runtime.jobs.events(job.id)[0]["by"] == "ada"
        last = jobs.runtime.jobs.events(ids[0])[-1]
        assert (last["reason"], last["by"]) == (f"by job {job.id}", "ada")
        jobs.retry(job.id)
        assert jobs.testing.drain() == 1
        assert jobs.get(job.id).result == {"affected": 0}


def test_a_full_backlog_can_be_cancelled(make_app: MakeApp) -> None:
    """The job that empties the backlog is not refused for it, and goes before those that wait."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual", JOBS_MAX_QUEUED=1_001).app_context():
        submit(jobs, "add", 1_001)
        result = jobs.cancel_many(task="add")
        assert result.job is not None
        assert jobs.testing.drain() == 1


def test_the_task_of_the_package_is_not_a_users(make_app: MakeApp) -> None:
    """It is not shown among the tasks; nobody submits it, fires it, or takes its name."""
    jobs = _simmer()
    app = make_app(jobs, JOBS_ENGINE="manual")
    with app.app_context():
        assert {task["name"] for task in jobs.runtime.tasks.all()} == {"add", "fail"}
        for refused in (
            lambda: jobs.submit(bulk.TASK.name, {"action": "delete", "filter": {"task": "add"}}),
            lambda: jobs.add_schedule(task=bulk.TASK.name, trigger="interval", seconds=5),
            lambda: jobs.task(bulk.TASK.name)(lambda: 1),
        ):
            with pytest.raises(Exception, match="task"):
                refused()


def test_it_waits_in_a_queue_that_is_served(make_app: MakeApp) -> None:
    """Where no worker serves `default`, the job of its own is in the first queue that one does."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual", JOBS_QUEUES=["mail", "slow"]).app_context():
        submit(jobs, "add", 1_001, queue="slow")
        job = jobs.cancel_many(queue="slow").job
        assert job is not None
        assert job.queue == "mail"


def test_a_thousand_jobs_beside_two_workers(make_app: MakeApp, url: URL) -> None:
    """Three operators cancel, retry and delete while two workers run them: no error, and every event."""
    workers = [_simmer(), _simmer()]
    apps = [make_app(jobs, url, JOBS_ENGINE="thread", JOBS_THREADS=4) for jobs in workers]
    jobs, errors, affected = workers[0], list[BaseException](), dict[str, int]()
    with apps[0].app_context():
        submit(jobs, "add", 300, delay=3_600)
        submit(jobs, "add", 350)
        submit(jobs, "fail", 350, max_attempts=2)
    for app, each in zip(apps, workers, strict=True):
        with app.app_context():
            each.start()
    with apps[0].app_context():
        for state in ("succeeded", "failed"):
            eventually(partial(some_are, jobs, filters(state=state)), 60, state)

    def operate(name: str, act: Callable[[], Any]) -> None:
        try:
            with apps[0].app_context():
                for _ in range(5):
                    affected[name] = affected.get(name, 0) + act().affected
        except BaseException as error:
            errors.append(error)

    acts: dict[str, Callable[[], Any]] = {
        "cancel": lambda: jobs.cancel_many(task=["add", "fail"]),
        "retry": lambda: jobs.retry_many(state=["failed", "cancelled"], task="fail"),
        "delete": lambda: jobs.delete_many(state="succeeded"),
    }
    threads = [threading.Thread(target=operate, args=each) for each in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with apps[0].app_context():
        jobs.cancel_many(task=["add", "fail"])
        unended = filters(state=["scheduled", "queued", "running", "retrying"])
        eventually(lambda: not some_are(jobs, unended), 60)
        check_consistency(jobs.runtime.database)
    assert affected["cancel"] > 300
    assert affected["retry"] > 0
    assert affected["delete"] > 0
