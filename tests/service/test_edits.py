"""Changing a job: what is checked, and who is first where a worker claims it at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import ArgumentsTooLarge, InvalidArguments, InvalidState, JobNotFound, Simmer, UnknownTask
from app.jobs.ids import new_id
from tests.reliability.consistency import check_consistency

MakeApp = Callable[..., Flask]
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def _simmer() -> Simmer:
    jobs = Simmer()

    @jobs.task
    def add(a: int = 1, b: int = 0) -> int:
        return a + b

    return jobs


def test_the_job_runs_as_it_was_changed(make_app: MakeApp) -> None:
    """With its new arguments, before one that it would have followed; the same once more changes nothing."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual", JOBS_QUEUES=["default", "mail"]).app_context():
        first, second = jobs.submit("add"), jobs.submit("add", delay=3_600)
        for _ in range(2):
            changed = jobs.update(second.id, args={"a": 2}, priority=-1, tags=["x"], queue="mail")
            assert (changed.version, changed.tags, changed.queue) == (2, ("x",), "mail")
        now = jobs.update(second.id, run_at=first.created_at)
        assert (now.state, now.run_at >= first.created_at) == ("queued", True)
        jobs.testing.drain()
        assert jobs.get(second.id).result == 2
        with pytest.raises(InvalidState, match="has not begun"):
            jobs.update(second.id, priority=1)
        with pytest.raises(JobNotFound):
            jobs.update(new_id(), priority=1)


@pytest.mark.parametrize(
    ("changes", "error", "place"),
    [
        ({"priority": 1_001}, InvalidArguments, "#/priority"),
        ({"priority": None}, InvalidArguments, "#/priority"),
        ({"run_at": None}, InvalidArguments, "#/run_at"),
        ({"run_at": datetime(2030, 1, 1)}, InvalidArguments, "#/run_at"),
        ({"queue": "nowhere"}, InvalidArguments, "#/queue"),
        ({"tags": ["a", ""]}, InvalidArguments, "#/tags/1"),
        ({"args": {"a": "x"}}, InvalidArguments, "#/args/a"),
        ({"args": None}, InvalidArguments, "#/args"),
        ({"args": {"a": 10**1_000}}, ArgumentsTooLarge, "#/args"),
        ({"max_attempts": 3}, InvalidArguments, "#/max_attempts"),
        ({"eta": TOMORROW}, InvalidArguments, "#/eta"),
    ],
)
def test_what_a_submission_would_refuse_is_refused(
    make_app: MakeApp, changes: Any, error: type[InvalidArguments], place: str
) -> None:
    """The place is named, and the job stays as it is."""
    jobs = _simmer()
    with make_app(jobs, JOBS_ENGINE="manual", JOBS_MAX_ARGS_BYTES=1_000).app_context():
        job = jobs.submit("add")
        with pytest.raises(error) as refused:
            jobs.update(job.id, **changes)
        assert [each["pointer"] for each in refused.value.errors] == [place]
        assert jobs.get(job.id) == job


def test_arguments_need_the_task(make_app: MakeApp, url: URL) -> None:
    """A process that does not know it cannot check them, and can change everything else."""
    jobs, other = _simmer(), Simmer()
    with make_app(jobs, url, JOBS_ENGINE="manual").app_context():
        job = jobs.submit("add")
    with make_app(other, url, JOBS_ENGINE="manual").app_context():
        with pytest.raises(UnknownTask):
            other.update(job.id, args={"a": 2})
        assert other.update(job.id, priority=3).priority == 3


def test_an_edit_and_a_claim_never_both_win(make_app: MakeApp, url: URL) -> None:
    """Jobs are changed while a worker claims them: each runs as it was when it was claimed."""
    jobs = _simmer()
    app = make_app(jobs, url, JOBS_ENGINE="thread", JOBS_THREADS=4)
    edited, refused, errors = list[str](), list[str](), list[BaseException]()
    with app.app_context():
        made = jobs.runtime.submissions.submit_many(
            [_submission() for _ in range(150)],
        )

    def change(part: list[Any]) -> None:
        try:
            with app.app_context():
                for job in part:
                    try:
                        jobs.update(job.id, args={"a": 5}, priority=1)
                        edited.append(job.id)
                    except InvalidState:
                        refused.append(job.id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=change, args=(made[at::3],)) for at in range(3)]
    with app.app_context():
        for thread in threads:
            thread.start()
        jobs.start()
        for thread in threads:
            thread.join(60)
        assert errors == []
        ended = {job.id: jobs.wait(job.id, 20) for job in made}
        assert {ended[job_id].result for job_id in edited} <= {5}
        assert {ended[job_id].result for job_id in refused} <= {1}
        assert len(edited) + len(refused) == 150
        check_consistency(jobs.runtime.database)


def _submission() -> Any:
    from app.jobs.tasks.submission import Submission

    return Submission("add", {"a": 1}, {})
