"""A failover that ends no connection: a service with threads goes on, and meanwhile answers in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.jobs import Simmer
from app.jobs.database import postgresql, postgresql_transactions
from app.jobs.database.database import Database
from app.jobs.database.tables import FIRES, WORKERS

from ..database.tcp_proxy import TcpProxy
from ..support import eventually

POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
MakeApp = Callable[..., Flask]
POST = ("POST", "/api/v1/jobs", {"task": "add"})
READY = ("GET", "/api/v1/health/ready", None)
LIST = ("GET", "/api/v1/jobs", None)


def ask_all(app: Flask, requests: list[tuple[str, str, Any]]) -> tuple[list[int], float]:
    """The status of each request, all made at once, and the seconds that the slowest took."""

    def ask(method: str, path: str, body: Any) -> tuple[int, float]:
        begun = time.monotonic()
        answer = app.test_client().open(path, method=method, json=body)
        return answer.status_code, time.monotonic() - begun

    with ThreadPoolExecutor(len(requests)) as threads:
        answers = list(threads.map(lambda request: ask(*request), requests))
    return [status for status, _ in answers], max(seconds for _, seconds in answers)


@pytest.fixture(autouse=True)
def short_limits(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """About a third of the real ones, of which no sum may come to the five seconds that HTTP promises."""
    assert postgresql_transactions.REPLY_WAIT < 4.8
    assert postgresql_transactions.BEGIN_WAIT + postgresql_transactions.CONNECT_WAIT < 4.8
    monkeypatch.setattr(postgresql_transactions, "BEGIN_WAIT", 0.3)
    monkeypatch.setattr(postgresql_transactions, "REPLY_WAIT", 1.5)
    monkeypatch.setattr(postgresql_transactions, "IDLE_WAIT", 1.5)
    monkeypatch.setattr(postgresql, "CONNECT_WAIT", 2)  # psycopg takes no less
    yield
    database.close()  # what was connected meanwhile has these limits, and other tests use it too


@POSTGRESQL
def test_a_service_outlives_silent_connections(make_app: MakeApp, database: Database) -> None:
    """Requests are answered in time, and heartbeats and fire times go on, as seen from another connection."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    jobs.schedule("interval", seconds=1, start_now=True, id="refresh")(_refresh)
    with TcpProxy(database.engine.url) as proxy:
        app = make_app(jobs, proxy.url, JOBS_THREADS=2, JOBS_HEARTBEAT_SECONDS=0.2, JOBS_RESCUE_AFTER=10)
        with app.app_context():
            jobs.start()
            eventually(lambda: all(_signs_of_life(database)))
            ask_all(app, [POST, LIST, READY] * 3)  # so that many connections are idle
            before = _signs_of_life(database)
            proxy.fall_silent()
            begun = time.monotonic()
            statuses, slowest = ask_all(app, [POST, LIST, READY] * 3)
            eventually(
                lambda: all(now > then for now, then in zip(_signs_of_life(database), before, strict=True))
            )
            went_on = time.monotonic() - begun
            eventually(lambda: ask_all(app, [POST, LIST, READY])[0] == [202, 200, 200])
            jobs.stop(timeout=2)
    print(f"{statuses} within {slowest:.1f} s; heartbeats and fires again after {went_on:.1f} s")
    assert set(statuses) <= {200, 202, 503}
    assert slowest < 3
    assert went_on < 5


@POSTGRESQL
def test_a_black_hole_keeps_nobody_waiting(make_app: MakeApp, database: Database) -> None:
    """However many ask at once, each has its 503 in time; after it everything is served."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    with TcpProxy(database.engine.url) as proxy:
        app = make_app(jobs, proxy.url, JOBS_ROLE="web")
        with app.app_context():
            ask_all(app, [POST, LIST])
            proxy.fall_silent(black_hole=True)
            statuses, slowest = ask_all(app, [POST, LIST, READY] * 4)
            assert (set(statuses), slowest < 4) == ({503}, True)
            proxy.recover()
            eventually(lambda: ask_all(app, [POST, LIST, READY])[0] == [202, 200, 200])


def _refresh() -> None:
    """A task that a schedule runs."""


def _signs_of_life(database: Database) -> tuple[int, int]:
    """Heartbeats and decisions about fire times so far."""
    with database.read() as conn:
        beats = conn.scalar(select(func.max(WORKERS.c.beat)))
        return beats or 0, conn.scalar(select(func.count()).select_from(FIRES)) or 0
