"""SIGTERM, SIGINT and the reloader: nothing is lost, nothing is spent, and the process ends in time."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from .conftest import StartServers
from .server_host import ServerHost
from .servers import Server, timed

GRACE = 2
DEBUG = ("flask run --debug", "script.py debug")
TWO, ONE = "gunicorn -k gthread -w2", "gunicorn -k gthread -w1"


def nap(server: Server, seconds: int) -> dict[str, Any]:
    """A task that takes so many seconds and does not look whether it should stop, with its arguments."""
    if server.name == "run.py":
        return {"task": "count", "to": seconds, "pause": 1}
    return {"task": "nap", "seconds": seconds}


def stick(here: ServerHost, server: Server) -> str:
    """Have one job run that does not end; its id."""
    job_id = server.submit(**nap(server, 60))
    here.until_job(job_id, "running")
    return job_id


def assert_put_back(here: ServerHost, job_id: str) -> None:
    """No attempt is spent, and no worker is left."""
    assert here.rows.job(job_id, "state", "rerun", "crashes") == ("queued", 1, 0)
    assert here.rows.events(job_id)[-1] == "released"
    assert here.rows.workers() == 0
    here.rows.check_histories()


def test_sigterm_lets_running_jobs_end_and_touches_no_other(start_servers: StartServers) -> None:
    """8 jobs run and 100 wait: the 8 succeed, the 100 were never claimed, and the exit code is 0."""
    servers = start_servers(TWO, TWO + " --preload", "flask run", "run.py", "waitress").values()
    for here, server in servers:
        wanted = nap(server, 2)
        server.submit_many(108, **wanted)
        here.until_running(wanted["task"], 8)
        server.signal(signal.SIGTERM)
    for here, server in servers:
        assert server.wait() == 0, server.words
        assert here.rows.states(nap(server, 2)["task"]) == {"succeeded": 8, "queued": 100}, server.words
        untouched = "SELECT DISTINCT attempt, run, crashes, version FROM simmer_jobs WHERE state = 'queued'"
        assert here.rows.of(untouched) == [(0, 0, 0, 1)]
        assert here.rows.workers() == 0
        assert "Traceback" not in server.words
        here.rows.check_histories()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_stuck_job_is_put_back_and_left_behind(start_servers: StartServers, number: signal.Signals) -> None:
    """It ignores everything: the process ends within the grace and two seconds, and no attempt is spent."""
    servers = start_servers(ONE, ONE + " --preload", "flask run", "run.py", "waitress", SHUTDOWN_GRACE=GRACE)
    stuck = {name: stick(here, server) for name, (here, server) in servers.items()}
    told = time.monotonic()
    for _, server in servers.values():
        server.signal(number)
    for name, (here, server) in servers.items():
        assert server.wait() == 0, server.words
        assert time.monotonic() - told < GRACE + 2, server.words
        assert_put_back(here, stuck[name])


def test_a_stuck_thread_is_left_behind(start_servers: StartServers) -> None:
    """Its job has ended: nobody waits for it, and the process ends at once although the thread goes on."""
    servers = start_servers(ONE, "flask run", "waitress", "worker", SHUTDOWN_GRACE=60, STUCK_AFTER=0.1)
    stuck = {name: here.enqueue("stuck") for name, (here, _) in servers.items()}
    for name, (here, server) in servers.items():
        here.until_job(stuck[name], "failed")
        server.signal(signal.SIGTERM)
        took = timed(server.has_ended, 10, f"{name} ends")
        assert server.wait() == 0, server.words
        assert took < 2, server.words
        assert here.rows.events(stuck[name])[-2:] == ["overran", "failed"]
        assert here.rows.workers() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_hurries(start_servers: StartServers, number: signal.Signals) -> None:
    """The first one drains, the second one puts back at once what still runs."""
    for name, (here, server) in start_servers("flask run", "waitress", "worker", SHUTDOWN_GRACE=60).items():
        job_id = here.enqueue("nap", seconds=60)
        here.until_job(job_id, "running")
        server.signal(number)
        here.until("draining", "SELECT state FROM simmer_workers")
        server.signal(number)
        took = timed(server.has_ended, 10, f"{name} ends")
        assert server.wait() == 0, server.words
        assert took < 1.5, server.words
        assert "Traceback" not in server.words
        assert_put_back(here, job_id)


def test_the_reloader_does_not_wait_for_a_stuck_job(start_servers: StartServers) -> None:
    """After a change the job is put back at once, and the new process runs it again and answers."""
    servers = start_servers(*DEBUG)
    stuck = {name: stick(here, server) for name, (here, server) in servers.items()}
    for here, _ in servers.values():
        (here.folder / "host.py").touch()
    for name, (here, server) in servers.items():
        here.until(2, "SELECT run FROM simmer_jobs WHERE id = ?", stuck[name])
        here.until_job(stuck[name], "running")
        assert here.rows.job(stuck[name], "attempt", "crashes") == (1, 0)
        assert here.rows.events(stuck[name])[-2:] == ["released", "claimed"]
        assert here.rows.workers() == 1
        timed(server.is_ready, 10, "it answers")
        server.signal_all(signal.SIGINT)  # the parent kills a child that takes more than 0.25 s
        server.wait()
