"""The worker's side of a request for its threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.errors import DatabaseUnavailable
from app.jobs.store import thread_dumps
from app.jobs.ticker.thread_dumper import ThreadDumper

from ..reliability.database_faults import outage
from ..reliability.manual_worker import ManualWorker, make_manual_app


@pytest.fixture
def worker(make_app: Callable[..., Flask]) -> Iterator[ManualWorker]:
    """A registered worker."""
    jobs = Simmer()
    with make_manual_app(make_app, jobs).app_context():
        made = ManualWorker(jobs)
        made.turn()
        yield made


def ask(worker: ManualWorker) -> str:
    """Ask it for its threads; the id of the request."""
    with worker.database.write() as conn:
        request = thread_dumps.request(conn, worker.dispatcher.id, worker.clock.now())
    assert request is not None
    return request


def test_a_request_outlives_an_outage(worker: ManualWorker) -> None:
    """What could not be answered then is answered afterwards, though nothing has changed since."""
    dumper = ThreadDumper(worker.dispatcher, worker.database, worker.settings, worker.clock)
    dumper.run_once()
    request = ask(worker)
    with outage(worker.database), pytest.raises(DatabaseUnavailable):
        dumper.run_once()
    dumper.run_once()
    with worker.database.read() as conn:
        assert thread_dumps.answer_to(conn, request)


def test_nothing_is_asked_of_a_database_that_has_not_changed(worker: ManualWorker) -> None:
    """An idle worker costs nothing: it looks again after somebody has written."""
    dumper = ThreadDumper(worker.dispatcher, worker.database, worker.settings, worker.clock)
    dumper.run_once()
    with outage(worker.database):
        dumper.run_once()
