"""The bench, once for each engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.jobs import Simmer
from app.jobs.database.database import Database

from .bare_threads import BareThreads
from .driver import ENGINES, THREADED, Bench

MakeBench = Callable[..., Bench]
CONFIGURED = {"bare": "thread"}
"""What JOBS_ENGINE says for an engine that only these tests have."""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables: a copy is made faster than they are."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database.connect(make_url(f"sqlite:///{path}"), threads=1, synchronous="OFF")
    database.create_tables()
    database.close()
    return path


@pytest.fixture
def make_bench(make_app: Callable[..., Any], template: Path, tmp_path: Path) -> Iterator[MakeBench]:
    """Makes apps whose context is pushed and whose threads, where the engine has some, run."""
    pushed: list[Any] = []

    def make(engine: str, **config: Any) -> Bench:
        jobs = Simmer()
        file = shutil.copy(template, tmp_path / f"bench{len(pushed)}.db")
        url = make_url(f"sqlite:///{file}")
        config = {
            "JOBS_ENGINE": CONFIGURED.get(engine, engine),
            "JOBS_THREADS": 2,
            "JOBS_API_PREFIX": None,
            **config,
        }
        app = make_app(jobs, url, tables=False, **config)
        context = app.app_context()
        context.push()
        pushed.append(context)
        if engine == "bare":
            runtime = jobs.runtime
            runtime.create_engine = lambda on_end: BareThreads(run=runtime.runner.run, on_end=on_end)
        if engine in THREADED:
            jobs.start()
        return Bench(app, jobs, engine)

    yield make
    for context in reversed(pushed):
        context.pop()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of each engine."""
    name: str = request.param
    return name


@pytest.fixture
def bench(engine: str, make_bench: MakeBench) -> Bench:
    """An app on each engine."""
    return make_bench(engine)
