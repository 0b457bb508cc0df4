"""A host that has an `app`, a database, migrations, CSRF protection and a 404 page of its own."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support import eventually

from .installed import Installed, environment

HERE = Path(__file__).parent
GOODBYE = 7
"""The exit code of the host's own handler of SIGTERM."""

BEFORE = """
from app import create_app

runner = create_app(with_jobs=False).test_cli_runner()
for word in ("init", "migrate", "upgrade", "check"):
    result = runner.invoke(args=["db", word])
    assert result.exit_code == 0, (word, result.output, result.exception)
"""
AFTER = """
from app import create_app

runner = create_app().test_cli_runner()
found = runner.invoke(args=["db", "check"])
assert found.exit_code != 0, "the tables were not found"
for word in ("migrate", "upgrade", "check"):
    result = runner.invoke(args=["db", word])
    assert result.exit_code == 0, (word, result.output, result.exception)
"""


class Host:
    """The host's project in a folder of its own."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        self.installed, self.folder = installed, folder
        shutil.copytree(HERE / "host", folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.settings = {
            "FLASK_APP": "app:create_app",
            "FLASK_SECRET_KEY": "secret",
            "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/host.db",
        }
        self.address = ""

    def run(self, *words: str) -> str:
        """`python *words` in the host's folder; what it prints."""
        done = self.installed.run(*words, cwd=self.folder, **self.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serve(self) -> Iterator[subprocess.Popen[bytes]]:
        """`flask run`, until the block ends."""
        log = self.folder / "server.log"
        command = self.installed.command("-m", "flask", "run", "--port", "0")
        with log.open("wb") as stream:
            options: dict[str, Any] = {"cwd": self.folder, "env": environment(**self.settings)}
            process = subprocess.Popen(command, stdout=stream, stderr=stream, **options)
        try:
            found = eventually(lambda: re.search(r"http://127\.0\.0\.1:\d+", log.read_text()), what=str(log))
            self.address = found[0]
            yield process
        finally:
            process.kill()
            process.wait()

    def request(self, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, str]:
        """The status and the text of what the host answers."""
        data = json.dumps(body).encode() if kind == "application/json" else body
        headers = {} if body is None else {"Content-Type": kind}
        try:
            wanted = Request(self.address + path, data if body is not None else None, headers)
            with urlopen(wanted, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def host(installed: Installed, tmp_path: Path) -> Host:
    """A host with its tables migrated, ours among them."""
    made = Host(installed, tmp_path / "host")
    made.run("-c", BEFORE)
    made.run("-c", AFTER)
    return made


def test_a_host_keeps_what_is_its_own(host: Host) -> None:
    """A job runs over HTTP, while pages, protection, pool, signals and migrations stay as they were."""
    with host.serve() as process:
        status, text = host.request("/api/v1/jobs", {"task": "write_note", "args": {"text": "hello"}})
        assert status == 202
        status, text = host.request(f"/api/v1/jobs/{json.loads(text)['id']}?wait=20")
        assert json.loads(text)["state"] == "succeeded"
        assert json.loads(text)["result"] == {"written": "hello", "by": "write_note"}
        assert json.loads(host.request("/notes")[1]) == ["hello"]
        assert host.request("/nothing") == (404, "The host has no such page.")
        assert json.loads(host.request("/api/v1/nothing")[1])["status"] == 404
        status, text = host.request("/form", b"a=1", "application/x-www-form-urlencoded")
        assert (status, "CSRF token is missing" in text) == (400, True)
        assert host.request("/pool?word=quiet") == (200, "QUIET")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == GOODBYE
    assert "No new upgrade operations detected" in host.run("-m", "flask", "db", "check")
    assert json.loads(host.run("-m", "flask", "jobs", "workers", "--json")) == {"items": []}


def test_the_migration_names_every_table(host: Host, tables: list[str]) -> None:
    """`flask db migrate` wrote one migration that makes our tables beside the host's first."""
    written = [path.read_text() for path in (host.folder / "migrations" / "versions").glob("*.py")]
    (ours,) = [text for text in written if "simmer" in text]
    assert set(re.findall(r"create_table\('(\w+)'", ours)) == set(tables)
    assert len(written) == 2
