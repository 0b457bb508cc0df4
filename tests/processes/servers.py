"""Real servers as processes of their own: started, asked, signalled, and judged by their tables."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..support import eventually

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
GUNICORN = [
    "gunicorn",
    "--bind=127.0.0.1:0",
    "-k",
    "gthread",
    "--threads=4",
    "--no-control-socket",
    "host:create_app()",
]
COMMANDS = {
    "gunicorn": [*GUNICORN, "-w4"],
    "gunicorn1": [*GUNICORN, "-w1"],
    "preload": [*GUNICORN, "-w4", "--preload"],
    "flask run": ["flask", "--app=host", "run", "--port=0"],
    "flask run --debug": ["flask", "--app=host", "run", "--port=0", "--debug"],
    "app.run": ["script.py", "0"],
    "app.run debug": ["script.py", "0", "debug"],
    "waitress": ["waitress", "--listen=127.0.0.1:0", "--call", "host:create_app"],
    "worker": ["flask", "--app=host", "jobs", "worker"],
    "run.py": [str(ROOT / "run.py"), "--port=0"],
}
PROCESSES = {"gunicorn": 4, "preload": 4}
"""How many processes run jobs, where it is not one. Each server runs 8 jobs at a time, all told."""
DEBUG = ("flask run --debug", "app.run debug")
PLAIN = ("TABLES", "FLASK_DEBUG")
"""Environment variables that are no settings of the jobs'."""
FINAL = ("succeeded", "failed", "cancelled")


@dataclass
class Rows:
    """The tables of one SQLite file, read from outside."""

    path: Path

    def of(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds; nothing where the tables are not there yet."""
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.path, timeout=10)) as conn:
            return conn.execute(sql, values).fetchall()
        return []

    def one(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        found = self.of(sql, *values)
        return found[0][0] if found else None

    def workers(self) -> int:
        """How many workers have a row."""
        return int(self.one("SELECT count(*) FROM simmer_workers") or 0)

    def states(self, task: str) -> dict[str, int]:
        """How many jobs of `task` are in which state."""
        return dict(self.of("SELECT state, count(*) FROM simmer_jobs WHERE task = ? GROUP BY state", task))

    def running(self, task: str) -> int:
        """How many jobs of `task` have a thread at work."""
        return self.states(task).get("running", 0)

    def job(self, job_id: str, *columns: str) -> tuple[Any, ...]:
        """Some columns of a job."""
        return self.of(f"SELECT {', '.join(columns)} FROM simmer_jobs WHERE id = ?", job_id)[0]

    def events(self, job_id: str) -> list[str]:
        """The types of a job's events, oldest first."""
        return [
            row[0] for row in self.of("SELECT type FROM simmer_events WHERE job_id = ? ORDER BY id", job_id)
        ]

    def check_histories(self) -> None:
        """Each job's events are one path that ends where it is, with one final event at most."""
        paths: dict[str, list[tuple[Any, Any]]] = {}
        for job_id, *step in self.of("SELECT job_id, from_state, to_state FROM simmer_events ORDER BY id"):
            paths.setdefault(job_id, []).append(tuple(step))
        for job_id, state, run in self.of("SELECT id, state, run FROM simmer_jobs"):
            path = paths[job_id]
            assert [step[0] for step in path] == [None, *(step[1] for step in path[:-1])], (job_id, path)
            assert path[-1][1] == state, (job_id, path)
            assert sum(step[1] in FINAL for step in path) == (state in FINAL), (job_id, path)
            ended = self.of("SELECT outcome FROM simmer_attempts WHERE job_id = ? ORDER BY run", job_id)
            assert len(ended) == run, (job_id, ended)
            assert [row[0] for row in ended].count("succeeded") <= 1, (job_id, ended)


@dataclass
class Server:
    """A server that was started here, with everything it may have forked in a process group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    rows: Rows
    started: float = field(default_factory=time.monotonic)

    @property
    def words(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    @property
    def api(self) -> str:
        """Where its API is."""
        found = eventually(
            lambda: ADDRESS.search(self.words) or self._fail_if_over(), 30, f"{self.name} speaks"
        )
        return f"http://127.0.0.1:{found[1]}/api/v1"

    def _fail_if_over(self) -> None:
        assert self.process.poll() is None, f"{self.name} ended:\n{self.words}"

    def ask(self, path: str, body: Any = None, method: str | None = None) -> tuple[int, Any]:
        """The status and the JSON that it answers; (0, None) where nobody listens."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = Request(self.api + path, data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal) | {"headers": dict(refusal.headers)}
        except OSError:
            return 0, None

    def submit(self, task: str, **args: Any) -> str:
        """Submit one job; its id."""
        status, job = self.ask("/jobs", {"task": task, "args": args})
        assert status == 202, (status, job)
        return str(job["id"])

    def submit_many(self, task: str, count: int, **args: Any) -> list[str]:
        """Submit jobs in one transaction; their ids."""
        body = {"jobs": [{"task": task, "args": args}] * count}
        status, batch = self.ask("/jobs/batch", body)
        assert status == 202, (status, batch)
        return [item["id"] for item in batch["items"]]

    def signal(self, number: int) -> None:
        """Tell the server, and none of its children."""
        self.process.send_signal(number)

    def wait(self, timeout: float = 60) -> int:
        """Its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.words[-3000:]}") from None

    def kill(self) -> None:
        """kill -9 to everything that it is."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@dataclass
class Machine:
    """Starts servers in one folder, where they share a database."""

    folder: Path
    servers: list[Server] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        """The tables of the database."""
        return Rows(self.folder / "jobs.db")

    def start(self, name: str, **settings: Any) -> Server:
        """Start a server; `settings` are the names of configuration keys without `JOBS_`, or PLAIN ones."""
        for file in ("host.py", "script.py"):
            if not (self.folder / file).exists():
                shutil.copy(HERE / file, self.folder)
        log = self.folder / f"{len(self.servers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self.command(name),
                cwd=ROOT if name == "run.py" else self.folder,
                env=self.environment(**{"THREADS": 8 // PROCESSES.get(name, 1), **settings}),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        server = Server(name, process, log, self.rows)
        self.servers.append(server)
        return server

    def command(self, name: str) -> list[str]:
        """How it is started: a script, or a module of this Python's."""
        words = COMMANDS[name]
        return [sys.executable, *([] if words[0].endswith(".py") else ["-m"]), *words]

    def environment(self, **settings: Any) -> dict[str, str]:
        """The tests' own environment, with nothing in it that would configure the server."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "JOBS_", "WERKZEUG_"))}
        named = {k if k in PLAIN else f"FLASK_JOBS_{k}": str(v) for k, v in settings.items()}
        return {
            **kept,
            "DATABASE_URL": f"sqlite:///{self.rows.path}",
            "FLASK_UPLOAD_FOLDER": str(self.folder / "uploads"),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **named,
        }

    def ready(self, server: Server) -> Server:
        """The server, once every process of it runs jobs, which is seen without asking it anything."""
        wanted = PROCESSES.get(server.name, 1)
        eventually(
            lambda: self.rows.workers() >= wanted or server._fail_if_over(), 60, f"{server.name} works"
        )
        return server

    def up(self, name: str, **settings: Any) -> Server:
        """Start it and wait until it runs jobs."""
        return self.ready(self.start(name, **settings))


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine, on which nothing is left running at the end."""
    folder.mkdir(exist_ok=True)
    made = Machine(folder)
    try:
        yield made
    finally:
        for server in made.servers:
            server.kill()


def timed(condition: Callable[[], Any], timeout: float, what: str) -> float:
    """After how many seconds the condition held."""
    begun = time.monotonic()
    eventually(condition, timeout, what)
    return time.monotonic() - begun
