"""`workers --threads`."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.jobs.service import thread_dumps

from ..store.factory import register
from ..support import eventually
from .command_line import command_line, is_refusal

SOMEBODY = "3d0f6e2c-5f5f-4f0e-9d5f-0d3c8a1b2c3d"


def test_workers_shows_what_their_threads_do(tmp_path: Path) -> None:
    """Each thread with its job and its stack, of all workers or of one; --json is what the API answers."""
    with command_line(tmp_path, engine="thread", threads=2, heartbeat_seconds=0.05) as here:
        nobody = here("workers", "--threads")
        assert (nobody.stdout, nobody.stderr) == ("", "No worker is running.\n")
        here.start()
        job_id = here.submit("until_told")
        eventually(lambda: here.get(job_id).state == "running")
        eventually(lambda: here.get(job_id).started_at)
        shown = here.ok("workers", "--threads")
        (worker,) = here.json("workers")["items"]
        assert shown.startswith(f"worker {worker['id']}")
        assert f"runs job {job_id} (until_told) since 2" in shown
        assert ", in until_told\n" in shown
        assert "simmer-ticker\n" in shown
        assert here.ok("workers", "--threads", worker["id"]).startswith(f"worker {worker['id']}")
        (alone,) = here.json("workers", "--threads", worker["id"])["items"]
        assert alone["worker"] == worker["id"]
        assert alone["items"][0]["job_id"] == job_id
        assert [each["id"] for each in here.json("workers", worker["id"])["items"]] == [worker["id"]]


def test_a_worker_that_is_silent_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named on stderr, and the command ends with 1; one that is unknown is not found."""
    monkeypatch.setattr(thread_dumps, "ANSWER_WITHIN", 0.05)
    with command_line(tmp_path) as here:
        with here.app.extensions["simmer"].database.write() as conn:
            register(conn, SOMEBODY)
        is_refusal(here("workers", "--threads"), 1, f"the worker {SOMEBODY} does not answer")
        is_refusal(here("workers", "--threads", "nobody"), 3, "no worker has the id 'nobody'")
        is_refusal(here("workers", "nobody"), 3, "no worker has the id 'nobody'")
