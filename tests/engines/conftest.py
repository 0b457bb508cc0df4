"""The bench, once for each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.jobs import Simmer

from .driver import ENGINES, Bench

MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(make_app: Callable[..., Any]) -> Iterator[MakeBench]:
    """Makes apps whose context is pushed and whose threads, where the engine has some, run."""
    pushed: list[Any] = []

    def make(engine: str, **config: Any) -> Bench:
        jobs = Simmer()
        config = {"JOBS_ENGINE": engine, "JOBS_THREADS": 2, "JOBS_API_PREFIX": None, **config}
        app = make_app(jobs, **config)
        context = app.app_context()
        context.push()
        pushed.append(context)
        bench = Bench(app, jobs, engine)
        if engine == "thread":
            jobs.start()
        return bench

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
