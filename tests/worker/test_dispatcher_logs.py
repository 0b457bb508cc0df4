"""When the dispatcher writes what tasks log, and that it costs nothing where they log nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import URL, func, select

from app.jobs import Simmer, current_job
from app.jobs.database.tables import LOGS
from tests.support import eventually

from ..reliability.database_faults import outage, recorded_statements, unanswered_commit
from ..reliability.manual_worker import ManualWorker, make_manual_app

MakeApp = Callable[..., Flask]


@pytest.fixture
def jobs(make_app: MakeApp, url: URL) -> Iterator[Simmer]:
    """A Simmer with tasks that say what they are told, in the context of its app."""
    made = Simmer()

    @made.task
    def talk(lines: int) -> None:
        for number in range(lines):
            current_job.log.info("line %d", number)

    @made.task
    def emit(values: int) -> None:
        for number in range(values):
            current_job.emit(number)

    with make_manual_app(make_app, made, url=url).app_context():
        yield made


@pytest.fixture
def threaded(make_app: MakeApp, url: URL) -> Iterator[Simmer]:
    """A Simmer whose worker runs."""
    made = Simmer()
    with make_app(made, url=url, JOBS_THREADS=2, JOBS_API_PREFIX=None).app_context():
        made.start()
        yield made


def events_of(jobs: Simmer, job_id: str) -> list[str]:
    """The types of the events of a job."""
    return [event["type"] for event in jobs.runtime.jobs.events(job_id)]


@pytest.mark.parametrize(
    ("task", "word", "table"), [("talk", "lines", "simmer_logs"), ("emit", "values", "simmer_emitted")]
)
def test_without_lines_there_is_no_statement(jobs: Simmer, task: str, word: str, table: str) -> None:
    """A drain of jobs that say nothing sends what it always sent, one whose jobs do one more for each."""
    worker, counts = ManualWorker(jobs, threads=4), []
    for count in (0, 0, 3):  # the first is slower: whether a task is short is not known yet
        for _ in range(4):
            jobs.submit(task, {word: count})
        with recorded_statements(worker.database) as sent:
            worker.work()
        counts.append(Counter(" ".join(statement.split()[:3]) for statement in sent))
    _, silent, talking = counts
    assert not [statement for statement in silent if table in statement]
    assert talking - silent == Counter({f"INSERT INTO {table}": 4})
    assert silent - talking == Counter()


def test_what_a_running_task_logs_is_seen_within_half_a_second(threaded: Simmer) -> None:
    """Line by line, while it runs; what it says last comes with its outcome."""
    go_on = threading.Semaphore(0)

    @threaded.task
    def talk() -> None:
        for number in range(3):
            current_job.log.info("line %d", number)
            go_on.acquire(timeout=10)

    job, after, seen, waits = talk.submit(), None, list[str](), list[float]()
    for _ in range(3):
        began = time.monotonic()
        page = threaded.runtime.logs.wait(job.id, 10, after)
        waits.append(time.monotonic() - began)
        after, seen = page.next_cursor, [*seen, *(line.message for line in page)]
        assert not threaded.get(job.id).is_final
        go_on.release()
    assert seen == ["line 0", "line 1", "line 2"]
    assert sorted(waits)[1] < 0.6  # the middle one: of a quarter of a second, on a machine that others share
    assert threaded.wait(job.id, 10).state == "succeeded"


def test_a_flood_stops_nobody_and_stays_small(threaded: Simmer) -> None:
    """While one task logs without end others run, and its log never has more than two megabytes."""
    stop = threading.Event()

    @threaded.task
    def flood() -> None:
        while not stop.is_set():
            current_job.log.info("a line of a flood %s", "x" * 500)

    threaded.task("noop")(lambda: None)
    job = flood.submit()

    def is_full() -> bool:
        assert threaded.wait(threaded.submit("noop").id, 10).state == "succeeded"
        with threaded.runtime.database.read() as conn:
            size = conn.execute(select(func.sum(func.length(LOGS.c.lines)))).scalar_one() or 0
        assert size <= 2_000_000
        return size > 1_800_000

    try:
        eventually(is_full, 30)
    finally:
        stop.set()
    assert threaded.wait(job.id, 10).state == "succeeded"


def test_lines_are_kept_while_the_database_is_away(jobs: Simmer) -> None:
    """They are written when it returns, once, also where only the reply to a commit is lost."""
    worker, job = ManualWorker(jobs, threads=2), jobs.submit("talk", {"lines": 3})
    worker.turn()
    with outage(worker.database):
        worker.pool.run()
        worker.turn(1)
    with unanswered_commit(worker.database, 1):
        worker.turn(1)
    worker.turn(1)
    assert [line.message for line in jobs.logs(job.id)] == ["line 0", "line 1", "line 2"]
    assert jobs.get(job.id).state == "succeeded"


def test_what_a_killed_worker_has_written_is_there(jobs: Simmer) -> None:
    """Lines of its last turn stay; those of the run after it follow them."""
    lost, worker = threading.Event(), ManualWorker(jobs, threads=2)

    @jobs.task
    def stay() -> None:
        current_job.log.info("here")
        lost.wait(10)

    job = stay.submit()
    worker.turn()
    thread = threading.Thread(target=worker.pool.run)
    thread.start()

    def is_written() -> bool:
        worker.turn(0.3)
        return bool(jobs.logs(job.id))

    eventually(is_written)
    lost.set()
    thread.join()
    other = ManualWorker(jobs, threads=2)

    def is_rescued() -> bool:
        other.turn()
        other.rescue(6)
        return "rescued" in events_of(jobs, job.id)

    eventually(is_rescued)
    other.work()
    assert [(line.run, line.message) for line in jobs.logs(job.id)] == [(1, "here"), (2, "here")]
