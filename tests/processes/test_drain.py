"""SIGTERM, SIGINT and the reloader: nothing is lost, nothing is spent, and the process ends in time."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from ..support import eventually
from .conftest import Fleet
from .servers import DEBUG, Machine, Server, timed

SERVERS = ("gunicorn", "preload", "flask run", "run.py", "waitress")
OURS = ("flask run", "run.py", "waitress", "worker")
"""Where nobody but us handles SIGTERM."""
GRACE = 2


def nap(server: Server, seconds: int) -> dict[str, Any]:
    """A task that takes so many seconds and does not look whether it should stop, with its arguments."""
    if server.name == "run.py":
        return {"task": "count", "to": seconds, "pause": 1}
    return {"task": "nap", "seconds": seconds}


def stick(here: Machine, server: Server) -> str:
    """Have one job run that does not end; its id."""
    job_id = server.submit(**nap(server, 60))
    eventually(lambda: here.rows.job(job_id, "state") == ("running",), 10, f"{server.name} runs the job")
    return job_id


def assert_put_back(here: Machine, job_id: str) -> None:
    """No attempt is spent, and no worker is left."""
    assert here.rows.job(job_id, "state", "rerun", "crashes") == ("queued", 1, 0)
    assert here.rows.events(job_id)[-1] == "released"
    assert here.rows.workers() == 0
    here.rows.check_histories()


def test_sigterm_lets_running_jobs_end_and_touches_no_other(fleet: Fleet) -> None:
    """8 jobs run and 100 wait: the 8 succeed, the 100 were never claimed, and the exit code is 0."""
    servers = fleet(*SERVERS).values()
    for here, server in servers:
        wanted = nap(server, 2)
        server.submit_many(count=108, **wanted)
        eventually(lambda: here.rows.running(wanted["task"]) == 8, 10, f"{server.name} runs 8 jobs")  # noqa: B023
        server.signal(signal.SIGTERM)
    for here, server in servers:
        assert server.wait() == 0, server.words
        assert here.rows.states(nap(server, 2)["task"]) == {"succeeded": 8, "queued": 100}, server.words
        untouched = "SELECT DISTINCT attempt, run, crashes, version FROM simmer_jobs WHERE state = 'queued'"
        assert here.rows.of(untouched) == [(0, 0, 0, 1)]
        assert here.rows.workers() == 0
        assert "Traceback" not in server.words
        here.rows.check_histories()


def test_a_stuck_job_is_put_back_and_left_behind(fleet: Fleet) -> None:
    """It ignores everything: the process ends within the grace and two seconds, and no attempt is spent."""
    servers = fleet(*SERVERS, SHUTDOWN_GRACE=GRACE)
    stuck = {name: stick(here, server) for name, (here, server) in servers.items()}
    told = time.monotonic()
    for _, server in servers.values():
        server.signal(signal.SIGTERM)
    for name, (here, server) in servers.items():
        assert server.wait() == 0, server.words
        assert time.monotonic() - told < GRACE + 2, server.words
        assert_put_back(here, stuck[name])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_hurries(fleet: Fleet, number: signal.Signals) -> None:
    """The first one drains, the second one puts back at once what still runs."""
    servers = fleet(*OURS, SHUTDOWN_GRACE=60)
    for name, (here, server) in servers.items():
        web = server if name != "worker" else here.up("waitress", ROLE="web")
        job_id = stick(here, web)
        server.signal(number)
        eventually(
            lambda: here.rows.one("SELECT state FROM simmer_workers") == "draining", 5, f"{name} drains"
        )  # noqa: B023
        server.signal(number)
        took = timed(lambda: server.process.poll() is not None, 10, f"{name} ends")  # noqa: B023
        assert server.wait() == 0, server.words
        assert took < 1.5, server.words
        assert "Traceback" not in server.words
        assert_put_back(here, job_id)


def test_the_reloader_does_not_wait_for_a_stuck_job(fleet: Fleet) -> None:
    """A changed file: the job is put back at once, and the new process runs it again and answers."""
    for here, server in fleet(*DEBUG).values():
        job_id = stick(here, server)
        before = here.rows.of("SELECT id FROM simmer_workers")
        (here.folder / "host.py").touch()
        eventually(
            lambda: here.rows.job(job_id, "state", "run", "attempt") == ("running", 2, 1), 20, "it runs again"
        )  # noqa: B023
        assert here.rows.events(job_id)[-2:] == ["released", "claimed"]
        assert before != here.rows.of("SELECT id FROM simmer_workers")
        eventually(lambda: server.ask(f"/jobs/{job_id}")[0] == 200, 10, "it answers again")  # noqa: B023


def test_ctrl_c_ends_the_reloader_in_order(fleet: Fleet) -> None:
    """Both of its processes get the signal: the job is put back before the parent gives up on the child."""
    for here, server in fleet(*DEBUG).values():
        job_id = stick(here, server)
        os.killpg(server.process.pid, signal.SIGINT)
        server.wait()
        assert_put_back(here, job_id)
