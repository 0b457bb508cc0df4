"""Unique jobs from Python: submissions of one, of many, and in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import InvalidArguments, InvalidState, Simmer, UniqueConflict


@contextmanager
def an_app(make_app: Callable[..., Flask], url: URL, engine: str = "manual") -> Iterator[tuple[Simmer, Any]]:
    """A Simmer with the task `sync`, unique by tenant, and the host's session; in the app's context."""
    jobs = Simmer()
    jobs.task("sync", unique="tenant")(lambda tenant, revision=0: revision)
    app = make_app(jobs, url, JOBS_ENGINE=engine)
    with app.app_context():
        yield jobs, app.extensions["sqlalchemy"].session


def test_one_job_at_a_time(make_app: Callable[..., Flask], url: URL) -> None:
    """Until it has ended; a key of the submission's own takes the place of the task's."""
    with an_app(make_app, url) as (jobs, _):
        first = jobs.submit("sync", {"tenant": "a"})
        assert jobs.submit("sync", {"tenant": "a", "revision": 2}) == first
        assert jobs.submit("sync", {"tenant": "b"}).id != first.id
        own = jobs.submit("sync", {"tenant": "a"}, unique_key="own")
        assert (own.id != first.id, own.unique_key) == (True, "own")
        assert jobs.get(own.id).unique_key == "own"
        with pytest.raises(UniqueConflict) as caught:
            jobs.submit("sync", {"tenant": "a"}, on_conflict="reject")
        assert caught.value.job_id == first.id
        jobs.testing.drain()
        second = jobs.submit("sync", {"tenant": "a"})
        assert second.id != first.id
        with pytest.raises(InvalidState, match=second.id):
            jobs.retry(first.id)


def test_the_last_replacement_runs(make_app: Callable[..., Flask], url: URL) -> None:
    """A burst of submissions, each a minute from now, is one run with the last arguments."""
    with an_app(make_app, url) as (jobs, _):
        for revision in range(5):
            job = jobs.submit("sync", {"tenant": "a", "revision": revision}, delay=60, on_conflict="replace")
            jobs.testing.advance(59)
            assert jobs.testing.drain() == 0
        jobs.testing.advance(1)
        assert jobs.testing.drain() == 1
        assert jobs.get(job.id).result == 4


def test_unique_for_outlasts_the_job(make_app: Callable[..., Flask], url: URL) -> None:
    """For so many seconds from its submission the one that has ended is the answer."""
    jobs = Simmer()
    jobs.task("mail", unique=True, unique_for=60)(lambda to: to)
    with make_app(jobs, url, JOBS_ENGINE="manual").app_context():
        first = jobs.submit("mail", {"to": "a"})
        jobs.testing.drain()
        jobs.testing.advance(59)
        again = jobs.submit("mail", {"to": "a"})
        assert (again.id, again.state) == (first.id, "succeeded")
        jobs.testing.advance(1)
        assert jobs.submit("mail", {"to": "a"}).id != first.id


def test_many_at_once(make_app: Callable[..., Flask], url: URL) -> None:
    """In the order of the submissions, one job for one key; where one is rejected none is stored."""
    with an_app(make_app, url) as (jobs, _):
        first = jobs.submit("sync", {"tenant": "c"})
        sync = jobs.runtime.submissions
        from_many = jobs.task("many", unique="tenant")(lambda tenant: tenant)
        made = from_many.submit_many([{"tenant": name} for name in "aab"])
        assert [job.args["tenant"] for job in made] == ["a", "a", "b"]
        assert made[0] == made[1] != made[2]
        assert sync.submit("sync", {"tenant": "c"}).id == first.id
        with pytest.raises(UniqueConflict):
            from_many.options(on_conflict="reject").submit_many([{"tenant": "z"}, {"tenant": "a"}])
        assert len(jobs.list(task="many")) == 2


def test_in_the_callers_transaction(make_app: Callable[..., Flask], url: URL) -> None:
    """The key is the transaction's: free after a rollback; a conflict leaves it as it was."""
    with an_app(make_app, url) as (jobs, session):
        gone = jobs.submit("sync", {"tenant": "a"}, session=session)
        assert jobs.submit("sync", {"tenant": "a"}, session=session) == gone
        session.rollback()
        kept = jobs.submit("sync", {"tenant": "a"}, session=session)
        assert kept.id != gone.id
        with pytest.raises(UniqueConflict):
            jobs.submit("sync", {"tenant": "a"}, session=session, on_conflict="reject")
        other = jobs.submit("sync", {"tenant": "b"}, session=session)
        session.commit()
        assert {job.id for job in jobs.list()} == {kept.id, other.id}
        changed = jobs.submit("sync", {"tenant": "a", "revision": 9}, session=session, on_conflict="replace")
        session.rollback()
        assert (changed.id, jobs.get(kept.id).args) == (kept.id, {"tenant": "a"})


def test_a_job_that_is_run_in_the_caller(make_app: Callable[..., Flask], url: URL) -> None:
    """With the inline engine it has ended when it is returned, so that the next one is another."""
    with an_app(make_app, url, "inline") as (jobs, _):
        first, second = (jobs.submit("sync", {"tenant": "a"}) for _ in range(2))
        assert (first.state, second.state, first.id == second.id) == ("succeeded", "succeeded", False)


def test_expiry_counts_from_the_submission(make_app: Callable[..., Flask], url: URL) -> None:
    """A job that nobody has run by then is cancelled; one that could never run is refused."""
    with an_app(make_app, url) as (jobs, _):
        job = jobs.submit("sync", {"tenant": "a"}, expires_in=60)
        assert job.expires_at is not None
        assert (job.expires_at - job.created_at).total_seconds() == 60
        assert jobs.get(job.id) == job
        jobs.testing.advance(60)
        assert jobs.testing.drain() == 0
        assert jobs.get(job.id).state == "cancelled"
        assert jobs.submit("sync", {"tenant": "a"}).id != job.id
        with pytest.raises(InvalidArguments, match="#/expires_in: the job would expire before it is due"):
            jobs.submit("sync", {"tenant": "z"}, expires_in=60, delay=60)
