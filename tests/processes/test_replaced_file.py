"""The SQLite file goes while processes serve from it, and a backup takes its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .server_host import ServerHost
from .servers import Server, timed

ECHO = {"task": "echo", "args": {"value": 1}}


def copy(file: Path) -> Path:
    """A backup, made as SQLite does it."""
    target = file.with_suffix(".backup")
    with closing(sqlite3.connect(file)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
    return target


def accepts(server: Server) -> bool:
    """Whether a job is acknowledged; else the answer says what has become of the file."""
    answer = server.ask("jobs", ECHO)
    if answer.status != 202:
        assert answer.status == 503
        assert "the database file was re" in answer.body["detail"]
    return answer.status == 202


@pytest.mark.parametrize("is_removed_first", [True, False])
def test_a_backup_is_restored_under_a_process_that_serves(here: ServerHost, is_removed_first: bool) -> None:
    """No job is acknowledged that is not in the new file; all goes on there, also what ran in the backup."""
    server = here.up("waitress")
    kept = server.submit("echo", value=1)
    here.until_job(kept, "succeeded")
    begun = server.submit("nap", seconds=0.5)
    here.until_job(begun, "running")
    backup = copy(here.rows.path)
    here.until_job(begun, "succeeded")
    lost = server.submit("echo", value=2)
    here.until_job(lost, "succeeded")
    if is_removed_first:
        here.rows.path.unlink()
        for answer in (server.ask("jobs", ECHO), server.ask(f"jobs/{kept}"), server.ask("health/ready")):
            assert answer.status == 503
            assert "the database file was removed" in str(answer.body)
        assert not here.rows.path.exists()
    backup.replace(here.rows.path)
    took = timed(lambda: accepts(server), 10, "it accepts jobs")
    print(f"accepted jobs {took:.2f} s after the file was there")
    job_id = server.submit("echo", value=3)
    here.until_job(job_id, "succeeded")
    here.until_job(begun, "succeeded")
    assert here.rows.events(begun).count("released") == 1
    assert (server.ask(f"jobs/{kept}").status, server.ask(f"jobs/{lost}").status) == (200, 404)
    fires = here.rows.one("SELECT count(*) FROM simmer_fires")
    timed(lambda: here.rows.one("SELECT count(*) FROM simmer_fires") > fires, 5, "a schedule fires")
    timed(server.is_ready, 5, "it is ready")
    assert here.rows.one("PRAGMA integrity_check") == "ok"
    assert "Traceback" not in server.words
