"""Starts servers in a folder of their own, and waits for what they do, judged by their tables."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..support import eventually
from . import host
from .rows import Rows
from .servers import Server, timed

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMMANDS = {
    "gunicorn": ["-m", "gunicorn", "--bind=127.0.0.1:0", "--no-control-socket", "host:create_app()"],
    "flask": ["-m", "flask", "--app=host"],
    "waitress": ["-m", "waitress", "--listen=127.0.0.1:0", "--call", "host:create_app"],
    "worker": ["-m", "flask", "--app=host", "jobs", "worker"],
    "run.py": [str(ROOT / "run.py"), "--port=0"],
    "script.py": ["script.py"],
}
"""The first word of a server's name, and what it stands for; further words are added as they are."""
PLAIN = ("TABLES", "FLASK_DEBUG")
"""Environment variables that are no settings of the jobs'."""


@dataclass
class ServerHost:
    """Starts servers in one folder, where they share a database."""

    folder: Path
    servers: list[Server] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        """The tables of the database."""
        return Rows(self.folder / "jobs.db")

    @property
    def url(self) -> str:
        """The database for SQLAlchemy."""
        return f"sqlite:///{self.rows.path}"

    def start(self, name: str, **settings: Any) -> Server:
        """Start a server; `settings` are the names of configuration keys without `JOBS_`, or PLAIN ones."""
        first, *more = name.split()
        settings = {"THREADS": 8 // processes(name), **settings}
        return self.start_command(name, [sys.executable, *COMMANDS[first], *more], **settings)

    def start_command(
        self, name: str, command: Sequence[str], port: int | None = None, **settings: Any
    ) -> Server:
        """Start what serves on `port`, or says where it does."""
        log = self.folder / f"{len(self.servers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=ROOT if name == "run.py" else self.folder,
                env=self.environment(**settings),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        server = Server(name, process, log, port)
        self.servers.append(server)
        return server

    def enqueue(self, task: str, **args: Any) -> str:
        """Submit a job without a server; its id."""
        app = host.create_app(self.url)
        with app.app_context():
            try:
                return host.jobs.submit(task, args).id
            finally:
                host.jobs.runtime.database.close()
                host.db.engine.dispose()

    def run(self, *words: str, stdin: str = "", **settings: Any) -> str:
        """What a command says that ends by itself, with 0."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment(**settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout

    def environment(self, **settings: Any) -> dict[str, str]:
        """The tests' own environment, with nothing in it that would configure the server."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "JOBS_", "WERKZEUG_"))}
        named = {k if k in PLAIN else f"FLASK_JOBS_{k}": str(v) for k, v in settings.items()}
        return {
            **kept,
            "DATABASE_URL": self.url,
            "FLASK_RUN_PORT": "0",
            "FLASK_UPLOAD_FOLDER": str(self.folder / "uploads"),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **named,
        }

    def ready(self, server: Server, workers: int | None = None) -> Server:
        """The server, once every process of it runs jobs, which is seen without asking it anything."""
        wanted = workers or processes(server.name)
        eventually(lambda: self.rows.workers() >= wanted or server.has_ended(), 60, f"{server.name} works")
        assert not server.has_ended(), f"{server.name} ended:\n{server.words}"
        return server

    def up(self, name: str, **settings: Any) -> Server:
        """Start it and wait until it runs jobs."""
        return self.ready(self.start(name, **settings))

    def until(self, wanted: Any, sql: str, *values: Any, timeout: float = 20) -> float:
        """Wait until the first column of the query's first row is `wanted`; after how many seconds it was."""
        return timed(lambda: self.rows.one(sql, *values) == wanted, timeout, f"{sql} {values} is {wanted}")

    def until_running(self, task: str, count: int = 1) -> float:
        """Wait until so many jobs of `task` run; after how many seconds they did."""
        sql = (
            "SELECT count(*) FROM simmer_jobs WHERE task = ? AND state = 'running' AND started_at IS NOT NULL"
        )
        return self.until(count, sql, task)

    def until_job(self, job_id: str, state: str, timeout: float = 20) -> float:
        """Wait until that job is in `state`, and has begun if it runs; after how many seconds it was."""
        sql = "SELECT state FROM simmer_jobs WHERE id = ? AND (state <> 'running' OR started_at IS NOT NULL)"
        return self.until(state, sql, job_id, timeout=timeout)


@contextmanager
def server_host(folder: Path) -> Iterator[ServerHost]:
    """A folder for servers, of which none is left running at the end."""
    folder.mkdir(exist_ok=True)
    for file in ("host.py", "script.py", "forks.py", "serving.py"):
        shutil.copy(HERE / file, folder)
    made = ServerHost(folder)
    try:
        yield made
    finally:
        for server in made.servers:
            server.kill()


def processes(name: str) -> int:
    """How many processes of that server run jobs: 8 of them at a time, all told."""
    found = re.search(r" -w(\d)", name)
    return int(found[1]) if found else 1
