"""Several apps in one process, made by factories from one Simmer and one db."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from app.jobs import JobNotFound, Simmer
from tests.support import eventually

JOBS = 20


class Site:
    """One Simmer and one db, as the modules of a host hold them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.jobs = folder, Simmer()
        # A host's naming convention must not double the names of our constraints.
        self.db = SQLAlchemy(
            metadata=MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"})
        )
        db = self.db

        class Mark(db.Model):  # type: ignore[name-defined, misc]
            """A row that a job writes with the host's session."""

            id = db.Column(db.Integer, primary_key=True)
            app = db.Column(db.String(20))
            number = db.Column(db.Integer)

        @self.jobs.task
        def mark(number: int) -> str:
            db.session.add(Mark(app=current_app.name, number=number))
            db.session.commit()
            return current_app.name

        @self.jobs.schedule("interval", hours=1, start_now=True)
        def tick() -> str:
            return current_app.name

        self.marks = Mark

    def create_app(self, name: str) -> Flask:
        """The factory of the app `name`, with a database that bears its name."""
        app = Flask(name)
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{self.folder}/{name}.db"
        app.config["JOBS_SQLITE_SYNCHRONOUS"] = "NORMAL"
        self.db.init_app(app)
        self.jobs.init_app(app, self.db)
        with app.app_context():
            self.db.create_all()
        return app

    @contextmanager
    def running(self, name: str) -> Iterator[Flask]:
        """An app that runs jobs until the block ends."""
        app = self.create_app(name)
        with app.app_context():
            self.jobs.start()
        try:
            yield app
        finally:
            with app.app_context():
                self.jobs.stop(timeout=5)
                self.jobs.runtime.database.close()
                self.db.engine.dispose()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Site]:
    """Two apps, each made twice, with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield Site(tmp_path)


def test_each_app_runs_its_own_jobs(host: Site) -> None:
    """Two apps on two databases, each made twice and all running: no job, row or fire time is another's."""
    with ExitStack() as stack:
        made = {name: [stack.enter_context(host.running(name)) for _ in range(2)] for name in ("red", "blue")}
        submitted: dict[str, list[str]] = {"red": [], "blue": []}
        for number in range(JOBS):
            for name, apps in made.items():
                with apps[number % 2].app_context():
                    submitted[name].append(host.jobs.submit("mark", {"number": number}).id)
        for name, apps in made.items():
            with apps[0].app_context():
                results = [host.jobs.wait(job_id, timeout=20).result for job_id in submitted[name]]
                assert results == [name] * JOBS
                rows = host.db.session.scalars(host.db.select(host.marks)).all()
                assert sorted((row.app, row.number) for row in rows) == [(name, n) for n in range(JOBS)]


def test_one_app_knows_nothing_of_the_other(host: Site) -> None:
    """Ids and lists are apart, and each database fires its schedule once, however many apps have it."""
    with ExitStack() as stack:
        red, _, blue = [stack.enter_context(host.running(name)) for name in ("red", "red", "blue")]
        with red.app_context():
            job = host.jobs.submit("mark", {"number": 1})
            host.jobs.wait(job.id, timeout=20)
        with blue.app_context(), pytest.raises(JobNotFound):
            host.jobs.get(job.id)
        for app, tasks in ((red, {"mark", "tick"}), (blue, {"tick"})):
            with app.app_context():
                (tick,) = _fired(host)
                assert host.jobs.wait(tick, timeout=20).result == app.name
                assert {job.task for job in host.jobs.list()} == tasks


def test_an_app_is_given_to_a_simmer_once(host: Site) -> None:
    """A second `init_app` of the same app is refused with advice; a second app of the factory is not."""
    once = pytest.raises(RuntimeError, match="call init_app once")
    with host.running("red") as app, host.running("red"), once:
        host.jobs.init_app(app, host.db)


def _fired(host: Site) -> list[str]:
    eventually(lambda: host.jobs.list(task="tick"))
    return [job.id for job in host.jobs.list(task="tick")]
