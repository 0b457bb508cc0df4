"""No tables yet, and a database that somebody else has locked: said, waited for, and over with its cause."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from .server_host import ServerHost
from .servers import Server, timed


@contextmanager
def locked(here: ServerHost) -> Iterator[None]:
    """Another process, this one, has the write lock."""
    with closing(sqlite3.connect(here.rows.path, isolation_level=None)) as conn:
        conn.execute("BEGIN EXCLUSIVE")
        yield
        conn.execute("ROLLBACK")


def test_started_before_its_tables_it_waits_for_them(here: ServerHost) -> None:
    """It says so once and answers 503; within a second of their creation it runs jobs and fires schedules."""
    server = here.start("waitress", TABLES="no")
    for answer in (server.ask("jobs"), server.ask("jobs", {"task": "echo", "args": {"value": 1}})):
        assert answer.status == 503
        assert "flask jobs init-db" in answer.body["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    server.says("no job runs yet")
    assert not server.is_ready()
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(here.run, "-m", "flask", "--app=host", "jobs", "init-db", TABLES="no")
        here.until("simmer_workers", "SELECT name FROM sqlite_master WHERE name = 'simmer_workers'")
        took = here.until("tick", "SELECT id FROM simmer_schedules")
        made.result()
    print(f"went on {took:.2f} s after the tables were there")
    assert took < 1
    here.until_job(server.submit("echo", value=1), "succeeded")
    assert server.is_ready()
    assert server.words.count("no job runs yet") == 1
    assert "Traceback" not in server.words


def test_a_locked_database_is_an_outage_and_no_crash(here: ServerHost) -> None:
    """For six seconds nobody can write: POST is 503 after 5 s at most, GET goes on, and outcomes are kept."""
    server = here.up("waitress")
    ids = [server.submit("nap", seconds=1) for _ in range(4)]
    here.until_running("nap", 4)
    with ThreadPoolExecutor(3) as threads, locked(here):
        begun = time.monotonic()
        posts = [threads.submit(post, server) for _ in range(3)]
        slowest = max(read_until(server, ids[0], begun + 6))
        refused = [each.result() for each in posts]
    released = time.monotonic()
    for status, retry_after, seconds in refused:
        assert (status, retry_after > 0) == (503, True)
        assert seconds < 5
    timed(lambda: post(server)[0] == 202, 5, "it accepts jobs")
    accepts = time.monotonic() - released
    for job_id in ids:
        here.until_job(job_id, "succeeded", timeout=5)
    assert time.monotonic() - released < 5
    print(f"refused after {refused[0][2]:.1f} s, slowest GET {slowest:.2f} s, normal after {accepts:.2f} s")
    assert slowest < 1
    assert server.is_ready()
    assert here.rows.of("SELECT DISTINCT run, attempt, crashes FROM simmer_jobs WHERE task = 'nap'") == [
        (1, 1, 0)
    ]
    assert "database is locked" in server.words
    assert "works again" in server.words
    assert "Traceback" not in server.words
    here.rows.check_histories()


def post(server: Server) -> tuple[int, int, float]:
    """The status of a POST, its Retry-After, and the seconds that it took."""
    begun = time.monotonic()
    answer = server.ask("jobs", {"task": "echo", "args": {"value": 1}})
    return answer.status, int(answer.headers.get("Retry-After", 0)), time.monotonic() - begun


def read_until(server: Server, job_id: str, end: float) -> Iterator[float]:
    """Read a job again and again until `end`: how long each answer took."""
    while time.monotonic() < end:
        begun = time.monotonic()
        assert server.ask(f"jobs/{job_id}").status == 200
        yield time.monotonic() - begun


def test_a_locked_database_does_not_hold_the_process(here: ServerHost) -> None:
    """Told to stop while nobody can write: it still ends within the grace and two seconds."""
    server = here.up("waitress", SHUTDOWN_GRACE=1)
    stuck = server.submit("nap", seconds=60)
    here.until_job(stuck, "running")
    with locked(here):
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait() == 0, server.words
        took = time.monotonic() - begun
    print(f"ended {took:.1f} s after SIGTERM")
    assert took < 1 + 2
    here.up("worker")
    here.until(2, "SELECT run FROM simmer_jobs WHERE id = ?", stuck)
