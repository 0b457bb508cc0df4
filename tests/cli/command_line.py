"""What the tests of the commands share: a host on a database of its own, and its command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask

from app.jobs import Job

from .host import create_app, db, jobs


@dataclass
class CommandLine:
    """The command line of one host: `command_line("list", "--json")` is `flask jobs list --json`."""

    app: Flask

    def __call__(self, *words: Any) -> Result:
        """Run a command."""
        return self.app.test_cli_runner().invoke(args=["jobs", *map(str, words)])

    def ok(self, *words: Any) -> str:
        """What a command that ends well prints on stdout."""
        result = self(*words)
        assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
        return result.stdout

    def json(self, *words: Any) -> Any:
        """What a command that ends well prints with --json."""
        return json.loads(self.ok(*words, "--json"))

    def submit(self, *words: Any) -> str:
        """Submit a job; its id."""
        return self.ok("submit", *words).strip()

    def get(self, job_id: str) -> Job:
        """The job as it is."""
        with self.app.app_context():
            return jobs.get(job_id)

    def drain(self) -> None:
        """Run everything that is due, here."""
        with self.app.app_context():
            jobs.testing.drain()

    def start(self) -> None:
        """Run jobs in threads of this process."""
        with self.app.app_context():
            jobs.start()


@contextmanager
def command_line(folder: Path, tables: bool = True, **config: Any) -> Iterator[CommandLine]:
    """A host on SQLite in `folder`; jobs run when `drain` is called, unless told otherwise."""
    uri = f"sqlite:///{folder}/host.db"
    settings = {f"JOBS_{name.upper()}": value for name, value in {"engine": "manual", **config}.items()}
    app = create_app(SQLALCHEMY_DATABASE_URI=uri, **settings)
    try:
        if tables:
            with app.app_context():
                db.create_all()
        yield CommandLine(app)
    finally:
        with app.app_context():
            jobs.stop(timeout=5)
            jobs.runtime.database.close()
            db.engine.dispose()


def is_refusal(result: Result, code: int, *words: str) -> None:
    """Check that the command ended with `code`, printed no result, and said `words` without a traceback."""
    assert (result.exit_code, result.stdout) == (code, ""), (result.stderr, result.exception)
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
