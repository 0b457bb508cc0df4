"""Several apps on one database: an explicit JOBS_APP keeps their jobs apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import URL, select

from app.jobs import Simmer
from app.jobs.database.tables import JOBS
from tests.support import eventually

Started = tuple[Simmer, Flask]
Start = Callable[..., Started]


@pytest.fixture
def start(make_app: Callable[..., Flask], url: URL) -> Start:
    """`start("shop")`: a process of that app; all have a task `tidy`, and one database."""

    def started(app: str | None, declares: bool = False, engine: str = "manual", **config: Any) -> Started:
        jobs = Simmer()
        task = jobs.task("tidy")(lambda: current_app.config["JOBS_APP"])
        if declares:
            jobs.schedule("interval", hours=1, id="hourly", max_running=None)(task)
        return jobs, make_app(jobs, url=url, JOBS_ENGINE=engine, JOBS_APP=app, **config)

    return started


def submit(process: Started, **options: Any) -> str:
    """Submit `tidy` there; the job's id."""
    jobs, app = process
    with app.app_context():
        return jobs.submit("tidy", **options).id


def drain(process: Started) -> int:
    """Run what is due there."""
    jobs, app = process
    with app.app_context():
        return jobs.testing.drain()


def result_of(process: Started, job_id: str) -> Any:
    """Of the job as that process sees it, None before its end."""
    jobs, app = process
    with app.app_context():
        return jobs.get(job_id).result


def test_each_app_runs_its_own_jobs(start: Start) -> None:
    """A task of one name in both, and the other's jobs are due first; a retry stays with its app."""
    shop, blog = start("shop"), start("blog")
    of_shop, of_blog = submit(shop, priority=-1), submit(blog)
    assert drain(blog) == 1
    assert (result_of(blog, of_blog), result_of(blog, of_shop)) == ("blog", None)
    assert drain(shop) == 1
    assert result_of(blog, of_shop) == "shop"
    with blog[1].app_context():
        blog[0].retry(of_shop)
        assert blog[0].testing.drain() == 0
    assert drain(shop) == 1


def test_jobs_of_no_app_are_everybodys(start: Start) -> None:
    """Where JOBS_APP is not set they may run anywhere, also once it is: no job is stranded by setting it."""
    plain, shop = start(None), start("shop")
    of_plain, of_shop = submit(plain), submit(shop)
    assert drain(plain) == 1
    assert (result_of(plain, of_plain), result_of(plain, of_shop)) == (None, None)
    of_plain = submit(plain)
    assert drain(shop) == 2
    assert (result_of(plain, of_plain), result_of(plain, of_shop)) == ("shop", "shop")


def test_a_schedule_fires_and_runs_in_its_app(start: Start) -> None:
    """Declared in code or made at run time, and also where somebody else asks for a run of it."""
    shop, blog = start("shop", declares=True), start("blog")
    with shop[1].app_context():
        shop[0].testing.advance(0)
        shop[0].add_schedule(id="by-hand", task="tidy", trigger="interval", hours=1, max_running=None)
    for process, fires in ((blog, 0), (shop, 2)):
        with process[1].app_context():
            process[0].testing.advance("1h")
            assert len(process[0].testing.submitted()) == fires
    assert (drain(blog), drain(shop)) == (0, 2)
    with blog[1].app_context():
        job_id = blog[0].run_schedule("by-hand").id
    assert (drain(blog), drain(shop)) == (0, 1)
    assert result_of(blog, job_id) == "shop"


def test_a_declared_schedule_follows_the_setting(start: Start) -> None:
    """Stored when JOBS_APP was not set, and the name of the app was the same."""
    plain, shop = start(None, declares=True, name="shop"), start("shop", declares=True)
    for process in (plain, shop):
        with process[1].app_context():
            process[0].testing.advance(0)
    with plain[1].app_context():
        plain[0].testing.advance("1h")
        assert plain[0].testing.submitted() == []


def test_threads_leave_the_jobs_of_another_app(start: Start) -> None:
    """A pool with nothing else to do runs its own, which are due later, and counts as idle."""
    shop, blog = start("shop"), start("blog", engine="thread")
    of_shop = submit(shop, priority=-1)
    with blog[1].app_context():
        blog[0].start()
        assert blog[0].wait(submit(blog), timeout=10).result == "blog"
        assert blog[0].get(of_shop).state == "queued"
        eventually(blog[0].runtime.is_idle)


def test_the_app_of_a_job_is_stored_only_where_it_is_set(start: Start) -> None:
    """Null otherwise, as for the jobs of versions before."""
    shop, plain = start("shop"), start(None)
    ids = [submit(shop), submit(plain)]
    with shop[1].app_context(), shop[0].runtime.database.read() as conn:
        rows = {row.id: row.app for row in conn.execute(select(JOBS.c.id, JOBS.c.app))}
    assert [rows[job_id] for job_id in ids] == ["shop", None]
