"""The driver, once for each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from app.jobs import Simmer

from .bare_threads import BareThreads
from .driver import ENGINES, THREADED, EngineDriver
from .notes import db

MakeDriver = Callable[..., EngineDriver]
CONFIGURED = {"bare": "thread"}
"""What JOBS_ENGINE says for an engine that only these tests have."""


@pytest.fixture
def make_driver(make_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeDriver]:
    """Makes apps whose context is pushed and whose threads, where the engine has some, run."""
    pushed: list[Any] = []

    def make(engine: str, **config: Any) -> EngineDriver:
        jobs = Simmer()
        config = {
            "JOBS_ENGINE": CONFIGURED.get(engine, engine),
            "JOBS_THREADS": 2,
            "JOBS_API_PREFIX": None,
            **config,
        }
        app = make_app(jobs, db=db, **config)
        context = app.app_context()
        context.push()
        pushed.append(context)
        if engine == "bare":
            runtime = jobs.runtime
            monkeypatch.setattr(runtime, "create_engine", partial(BareThreads, run=runtime.runner.run))
        if engine in THREADED:
            jobs.start()
        return EngineDriver(app, jobs, engine)

    yield make
    for context in reversed(pushed):
        context.pop()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of each engine."""
    name: str = request.param
    return name


@pytest.fixture
def driver(engine: str, make_driver: MakeDriver) -> EngineDriver:
    """An app on each engine."""
    return make_driver(engine)
