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
from sqlalchemy import Engine, create_engine

from app.jobs.database.tables import METADATA
from tests.support import eventually

from .installed import Installed, environment

HERE = Path(__file__).parent
GOODBYE = 7
"""The exit code of the host's own handler of SIGTERM."""
FACTORY, FACTORY_BEFORE = "app:create_app", "app:create_app(with_jobs=False)"
CLEAN = "No new upgrade operations detected"


class Host:
    """The host's project in a folder of its own."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        self.installed, self.folder = installed, folder
        shutil.copytree(HERE / "host", folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.settings = {
            "FLASK_SECRET_KEY": "secret",
            "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/host.db",
        }
        self.address = ""

    def flask(self, *words: str, factory: str = FACTORY) -> tuple[bool, str]:
        """`flask *words` in the host's folder: whether it ended well, and what it said."""
        done = self.installed.run("-m", "flask", "--app", factory, *words, cwd=self.folder, **self.settings)
        return done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def serve(self) -> Iterator[subprocess.Popen[bytes]]:
        """`flask run`, until the block ends."""
        log = self.folder / "server.log"
        command = self.installed.command("-m", "flask", "--app", FACTORY, "run", "--port", "0")
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


@pytest.fixture(scope="module")
def host(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host that had migrations before it took in Flask-Simmer, and then migrated again."""
    made = Host(installed, tmp_path_factory.mktemp("project") / "host")
    for words in ("init", "migrate", "upgrade", "check"):
        ended_well, said = made.flask("db", words, factory=FACTORY_BEFORE)
        assert ended_well, said
    assert CLEAN in said
    ended_well, said = made.flask("db", "check")
    assert (ended_well, "simmer_jobs" in said) == (False, True), said
    for words in ("migrate", "upgrade", "check"):
        ended_well, said = made.flask("db", words)
        assert ended_well, said
    assert CLEAN in said
    return made


def test_a_migration_makes_our_tables(host: Host, tables: list[str]) -> None:
    """`flask db migrate` writes one migration that makes what we would make and imports nothing of ours."""
    written = [path.read_text() for path in (host.folder / "migrations" / "versions").glob("*.py")]
    (ours,) = [text for text in written if "simmer" in text]
    assert set(re.findall(r"create_table\('(\w+)'", ours)) == set(tables)
    assert "flask_simmer" not in ours
    assert len(written) == 2
    created = create_engine("sqlite://")
    METADATA.create_all(created)
    migrated = create_engine(host.settings["FLASK_SQLALCHEMY_DATABASE_URI"])
    assert _definitions(migrated) == _definitions(created)


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
    ended_well, said = host.flask("db", "check")
    assert (ended_well, CLEAN in said) == (True, True), said


def test_a_host_that_ends_in_its_own_way_is_drained(host: Host) -> None:
    """Its handler of SIGTERM ends it with its exit code, and the running job was told and has finished."""
    with host.serve() as process:
        job = json.loads(host.request("/api/v1/jobs", {"task": "last_until_told"})[1])
        path = f"/api/v1/jobs/{job['id']}"
        eventually(lambda: json.loads(host.request(path)[1])["state"] == "running")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == GOODBYE
    ended_well, said = host.flask("jobs", "wait", job["id"], "--timeout", "0")
    assert (ended_well, said) == (True, "true\nsucceeded\n"), said
    assert host.flask("jobs", "workers") == (True, "No worker is running.\n")


def _definitions(engine: Engine) -> dict[str, list[str]]:
    """What the database has of ours, as lines of SQL in any order."""
    query = "SELECT name, sql FROM sqlite_master WHERE name LIKE '%simmer%' AND sql IS NOT NULL"
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query).all()
    engine.dispose()
    return {name: sorted(re.split(r"\s*[,(]?\s*\n\s*", sql)) for name, sql in found}
