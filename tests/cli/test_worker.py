"""`flask jobs worker`: in this process with --drain, and as a process of its own that signals end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import eventually

from .command_line import CommandLine, command_line, is_refusal
from .host import jobs

ROOT = Path(__file__).resolve().parents[2]


def test_drain_runs_what_is_due_and_ends(tmp_path: Path) -> None:
    """With role web too: what is due, what that submits and what comes due again; what comes later stays."""
    with command_line(tmp_path, engine="thread", role="web") as here:
        due = [here.submit("add", "a=1"), here.submit("second_time_lucky"), here.submit("chain", "left=2")]
        later = here.submit("add", "a=2", "--delay", 3600)
        result = here("worker", "--drain")
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        assert [here.get(job_id).result for job_id in due] == [1, 2, 2]
        assert len(here.json("list", "--task", "chain", "--state", "succeeded")["items"]) == 3
        assert here.get(later).state == "scheduled"
        assert here.json("workers")["items"] == []


def test_drain_leaves_nothing_behind_in_its_process(tmp_path: Path) -> None:
    """Python's own handler of Ctrl-C is back, and the next worker begins afresh."""
    with command_line(tmp_path, engine="thread") as here:
        before = signal.getsignal(signal.SIGINT)
        for number in range(2):
            job_id = here.submit("add", f"a={number}")
            here.ok("worker", "--drain")
            assert here.get(job_id).result == number
        assert signal.getsignal(signal.SIGINT) is before


def test_options_override_the_settings_of_this_process(tmp_path: Path) -> None:
    """--threads and --queues hold for the worker that is started with them, not for the app."""
    with command_line(tmp_path, engine="thread", threads=3, queues=["default"]) as here:
        mine, other = here.submit("my_worker", "--queue", "reports"), here.submit("add", "a=1")
        result = here("worker", "--drain", "--threads", 2, "--queues", "reports, mail")
        assert "Running jobs of queues reports, mail in 2 threads" in result.stderr
        worker = here.get(mine).result
        assert (worker["threads"], worker["queues"]) == (2, ["reports", "mail"])
        assert here.get(other).state == "queued"
        assert here.app.extensions["simmer"].settings.threads == 3


def test_drain_fires_what_a_schedule_has_due(tmp_path: Path) -> None:
    """A schedule that starts now has run when the worker ends."""
    with command_line(tmp_path, engine="thread") as here:
        trigger = {"type": "interval", "hours": 1, "start_now": True}
        with here.app.app_context():
            jobs.add_schedule(id="hourly", task="add", trigger=trigger, args={"a": 7})
        here.ok("worker", "--drain")
        (job,) = here.json("list")["items"]
        assert (job["schedule_id"], job["result"]) == ("hourly", 7)


@pytest.mark.parametrize(
    "words", [["--threads", "0"], ["--threads", "x"], ["--queues", ""], ["--queues", "a,,b"], ["x"]]
)
def test_options_that_cannot_be_are_a_mistake_of_usage(tmp_path: Path, words: list[str]) -> None:
    """Exit code 2, and no thread is started."""
    with command_line(tmp_path, engine="thread") as here:
        is_refusal(here("worker", *words), 2)
        assert not here.app.extensions["simmer"].is_running


def test_an_engine_without_threads_has_no_worker(tmp_path: Path) -> None:
    """Exit code 1 and the reason, at once."""
    with command_line(tmp_path, engine="inline") as here:
        is_refusal(here("worker"), 1, 'JOBS_ENGINE="inline"')


@contextmanager
def worker(here: CommandLine, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`flask jobs worker` as a process of its own on the same database."""
    command = [sys.executable, "-W", "error", "-m", "flask", "jobs", "worker", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    environment |= {"FLASK_APP": "tests.cli.host:create_app", "TEST_DATABASE": str(folder / "host.db")}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_worker_in_order(tmp_path: Path, number: int) -> None:
    """Exit code 0: what runs is told and finishes, what is queued stays untouched, no worker is left."""
    with command_line(tmp_path, engine="thread") as here:
        running, queued = here.submit("until_told"), here.submit("add", "a=1")
        with worker(here, tmp_path, "--threads", "1") as process:
            eventually(lambda: here.get(running).started_at)  # claimed alone, it would be put back
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=20)
        assert (process.returncode, stdout) == (0, ""), stderr
        assert "Stopping" in stderr
        assert "Traceback" not in stderr
        assert (here.get(running).state, here.get(running).result) == ("succeeded", "finished")
        assert (here.get(queued).state, here.get(queued).attempt) == ("queued", 0)
        assert here.json("workers")["items"] == []


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    """A task that does not listen is put back at once, its attempt not spent, and the process ends with 0."""
    with command_line(tmp_path, engine="thread") as here:
        job_id = here.submit("deaf")
        with worker(here, tmp_path) as process:
            eventually(lambda: here.get(job_id).started_at)  # claimed alone, it would be put back
            process.send_signal(signal.SIGINT)
            eventually(lambda: here.json("workers")["items"][0]["state"] == "draining")
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=10)
        assert process.returncode == 0, stderr
        assert "Traceback" not in stderr
        assert here.get(job_id).state == "queued"
        assert [run["outcome"] for run in _attempts(here, job_id)] == ["released"]


def _attempts(here: CommandLine, job_id: str) -> list[dict[str, Any]]:
    with here.app.app_context():
        return jobs.runtime.jobs.attempts(job_id)
