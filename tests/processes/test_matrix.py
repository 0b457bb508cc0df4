"""Servers of every kind: a job runs, SIGTERM drains or releases, deploys end no long job (promises 6, 10).

`make test-servers` installs them all; one that is not installed is skipped by name. The results stand in
`docs/deployment.md`.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import pytest

from ..support import eventually
from .matrix import KINDS
from .server_host import ROOT, ServerHost, server_host
from .servers import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
DEPLOYS = 3
GRACE = 1
EXIT_SECONDS = 15
RUNNING = "SELECT count(*) FROM simmer_jobs WHERE id = ? AND run = ? AND started_at IS NOT NULL"


class Deployed:
    """A server of one kind, started again and again in one folder."""

    def __init__(self, name: str, here: ServerHost) -> None:
        self.name, self.kind, self.here = name, KINDS[name], here
        self.task = "count" if name == "run.py" else "nap"

    def start(self, **settings: Any) -> Server:
        """Start it on a port of its own, and wait until it answers."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = {"port": port, "python": sys.executable, "bin": Path(sys.executable).parent, "root": ROOT}
        command = [word.format(**words) for word in self.kind.command]
        server = self.here.start_command(self.name, command, port, THREADS=4, **settings)
        if self.kind.by_proof:  # before anybody has asked anything
            self.here.ready(server, self.kind.processes)
        eventually(lambda: server.ask("health/live").status == 200 or server.has_ended(), 60, "it answers")
        assert not server.has_ended(), server.words
        return server

    def submit(self, server: Server, seconds: int) -> str:
        """A job that takes so many seconds and does not look whether it should stop."""
        args = {"to": seconds, "pause": 1} if self.task == "count" else {"seconds": seconds}
        return server.submit(self.task, **args)

    def until_running(self, server: Server, job_id: str, run: int) -> None:
        """Wait until that run of the job has begun; the server is asked meanwhile, which may start it."""
        eventually(lambda: server.ask("health/live"), 30, "it answers")
        # Without requests meanwhile: uWSGI runs no Python code at its end if it is in the middle of one.
        eventually(lambda: self.here.rows.one(RUNNING, job_id, run), 30, "it runs")

    def stop(self, server: Server) -> None:
        """SIGTERM, and the end of the process in time."""
        server.signal(signal.SIGTERM)
        try:
            server.process.wait(EXIT_SECONDS)
        except TimeoutExpired:
            pytest.fail(f"{self.name} does not end:\n{server.words[-3000:]}")


@pytest.fixture(params=KINDS)
def deployed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployed]:
    """Each kind of server that is installed."""
    with suppress(ModuleNotFoundError):
        spec = find_spec(KINDS[request.param].module)
    script = Path(KINDS[request.param].command[0].format(python="", bin=Path(sys.executable).parent))
    if spec is None and not script.is_file():
        pytest.skip(f"{request.param}: {KINDS[request.param].module} is not installed")
    with server_host(tmp_path) as here:
        yield Deployed(request.param, here)


def test_sigterm_drains(deployed: Deployed) -> None:
    """A job runs, in one worker a process at most; one that is in the middle ends within the grace."""
    rows = deployed.here.rows
    server = deployed.start()
    first = deployed.submit(server, 1)
    deployed.here.until_job(first, "succeeded")
    assert 1 <= rows.workers() <= deployed.kind.processes
    fires = rows.of("SELECT fire_time FROM simmer_fires WHERE schedule_id = 'tick'")
    assert len(fires) == len(set(fires))
    job_id = deployed.submit(server, 3)
    deployed.until_running(server, job_id, 1)
    deployed.stop(server)
    assert rows.job(job_id, "state", "run", "crashes") == ("succeeded", 1, 0), server.words
    assert rows.workers() == 0
    rows.check_histories()


def test_deploys_end_no_long_job(deployed: Deployed) -> None:
    """It is put back each time when the grace is over, without a crash or an attempt being spent."""
    rows, job_id = deployed.here.rows, ""
    for run in range(1, DEPLOYS + 1):
        server = deployed.start(SHUTDOWN_GRACE=GRACE)
        job_id = job_id or deployed.submit(server, 60)
        deployed.until_running(server, job_id, run)
        deployed.stop(server)
        assert rows.job(job_id, "state", "run", "attempt", "crashes") == ("queued", run, 1, 0), server.words
        assert rows.events(job_id)[-1] == "released"
    assert rows.workers() == 0
    rows.check_histories()
