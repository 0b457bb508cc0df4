"""The commands that change something, and what all commands say of a database that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.jobs.cli import jobs_cli
from tests.support import eventually

from .command_line import command_line, is_refusal


def test_init_db_creates_the_tables_once(tmp_path: Path) -> None:
    """It fixes what the other commands report in one line, and may be repeated."""
    with command_line(tmp_path, tables=False) as here:
        missing = here("list")
        is_refusal(missing, 1, "flask jobs init-db")
        assert missing.stderr.count("\n") == 1
        for _ in range(2):
            assert here.ok("init-db") == ""
        assert here.json("list")["items"] == []


@pytest.mark.parametrize(
    "words", [["list"], ["submit", "add", "a=1"], ["stats"], ["init-db"], ["worker", "--drain"]]
)
def test_a_database_that_is_down_is_one_line(tmp_path: Path, words: list[str]) -> None:
    """Exit code 1 and no traceback."""
    with command_line(tmp_path / "missing", tables=False, engine="thread") as here:
        result = here(*words)
        is_refusal(result, 1, "Error: database: ")
        assert result.stderr.count("\n") == 1


def test_an_app_without_jobs_is_told_so() -> None:
    """The group on an app that no Simmer was given to ends with exit code 1 and how to fix it."""
    app = Flask("bare")
    app.cli.add_command(jobs_cli)
    is_refusal(app.test_cli_runner().invoke(args=["jobs", "list"]), 1, "call jobs.init_app(app)")


def test_cancel_ends_a_job_that_waits(tmp_path: Path) -> None:
    """Exit code 0, also the second time; the job is cancelled."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")
        for _ in range(2):
            result = here("cancel", job_id)
            assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Cancelled.\n")
        assert here.json("cancel", job_id)["state"] == "cancelled"


def test_cancel_asks_a_running_job(tmp_path: Path) -> None:
    """The answer says that the job still runs, and its task is told."""
    with command_line(tmp_path, engine="thread") as here:
        here.start()
        job_id = here.submit("count", f"to:={10**9}")
        eventually(lambda: here.get(job_id).state == "running")
        assert "asked to stop" in here("cancel", job_id).stderr
        assert here("wait", job_id, "--timeout", 20).exit_code == 4


def test_retry_queues_a_finished_job_again(tmp_path: Path) -> None:
    """The same id runs again with one more attempt."""
    with command_line(tmp_path) as here:
        job_id = here.submit("fail")
        here.drain()
        assert here.json("retry", job_id)["max_attempts"] == 2
        here.drain()
        assert here.get(job_id).attempt == 2


def test_delete_forgets_a_finished_job(tmp_path: Path) -> None:
    """Nothing is left of it."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")
        here.drain()
        assert here.ok("delete", job_id) == ""
        is_refusal(here("show", job_id), 3)


@pytest.mark.parametrize(
    ("command", "state"), [("cancel", "succeeded"), ("retry", "queued"), ("delete", "queued")]
)
def test_a_command_that_the_state_forbids_is_refused(tmp_path: Path, command: str, state: str) -> None:
    """Exit code 5 and a line that names the state; the job stays as it is."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")
        if state == "succeeded":
            here.drain()
        before = here.get(job_id)
        is_refusal(here(command, job_id), 5, f"the job is {state}")
        assert here.get(job_id) == before
