"""`flask jobs submit`, with and without waiting."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.jobs import JobNotFound

from .command_line import CommandLine, command_line, is_refusal


def test_submit_prints_the_id_and_nothing_else(tmp_path: Path) -> None:
    """A script reads the id from stdout; the job is stored and due."""
    with command_line(tmp_path) as here:
        result = here("submit", "add", "a=1", "b:=2")
        assert (result.exit_code, result.stderr) == (0, "")
        job = here.get(result.stdout.strip())
        assert (job.state, job.task, job.args) == ("queued", "add", {"a": 1, "b": 2})


def test_submit_passes_its_options_on(tmp_path: Path) -> None:
    """Each option that is given overrides the task's default, the others do not."""
    with command_line(tmp_path) as here:
        words = ["--delay", 60, "--priority", -5, "--queue", "reports", "--max-attempts", 3]
        job = here.get(here.submit("add", "a=1", *words, "--tag", "a", "--tag", "b"))
        assert (job.state, job.run_at - job.created_at) == ("scheduled", timedelta(seconds=60))
        assert (job.priority, job.queue, job.max_attempts, job.tags) == (-5, "reports", 3, ("a", "b"))
        plain = here.get(here.submit("report", "month=May"))
        assert (plain.priority, plain.queue, plain.max_attempts, plain.tags) == (
            0,
            "reports",
            1,
            ("monthly",),
        )


def test_submit_takes_a_time_and_a_timeout(tmp_path: Path) -> None:
    """Each option that a request may have is a flag; a time has its zone."""
    with command_line(tmp_path) as here:
        later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
        words = ["--run-at", later.isoformat(), "--timeout", 5]
        job_id = here.submit("add", "a=1", *words)
        assert here.get(job_id).run_at == later
        is_refusal(here("submit", "add", "a=1", "--timeout", 0), 2, "#/timeout")
        is_refusal(here("submit", "add", "a=1", "--run-at", "2030-01-01"), 2, "--run-at")
        is_refusal(
            here("submit", "add", "a=1", *words, "--delay", 1), 2, "#/run_at: delay and run_at exclude"
        )


def test_submit_as_json_prints_the_job(tmp_path: Path) -> None:
    """The job as it was stored, secrets covered."""
    with command_line(tmp_path) as here:
        job = here.json("submit", "report", "month=May", "password=opensesame")
        assert (job["state"], job["args"]) == ("queued", {"month": "May", "password": "[redacted]"})


def test_an_unknown_task_is_not_found(tmp_path: Path) -> None:
    """Exit code 3 and one line that names the tasks there are."""
    with command_line(tmp_path) as here:
        result = here("submit", "nope")
        is_refusal(result, 3, "no task is named 'nope'", "add")
        assert result.stderr.count("\n") == 1


def test_arguments_that_do_not_fit_are_named_one_by_one(tmp_path: Path) -> None:
    """Exit code 2, a line with the pointer of each, and no job."""
    with command_line(tmp_path) as here:
        result = here("submit", "add", "a=one", "c=1")
        is_refusal(result, 2)
        assert sorted(line[: len("Error: #/args/a")] for line in result.stderr.splitlines()) == [
            "Error: #/args/a",
            "Error: #/args/c",
        ]
        assert here.json("list")["items"] == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Missing argument 'NAME'"),
        (["add", "a"], "'a' is not an argument"),
        (["add", "a:=x"], "Not JSON"),
        (["add", "a=1", "--priority", "5000"], "#/priority"),
        (["add", "a=1", "--priority", "x"], "--priority"),
        (["add", "a=1", "--delay", "-1"], "#/delay"),
        (["add", "a=1", "--delay", "nan"], "#/delay"),
        (["add", "a=1", "--queue", "nowhere"], "#/queue"),
        (["add", "a=1", "--max-attempts", "0"], "#/max_attempts"),
        (["add", "a=1", "--tag", ""], "#/tags"),
        (["add", "a=1", "--wait", "-1"], "--wait"),
        (["add", "a=1", "--wait=nan"], "--wait"),
        (["echo", "value=\udcff"], "#/args/value"),
    ],
)
def test_what_cannot_be_submitted_is_a_mistake_of_usage(
    tmp_path: Path, words: list[str], complaint: str
) -> None:
    """Exit code 2, the place is named, and nothing is stored."""
    with command_line(tmp_path) as here:
        is_refusal(here("submit", *words), 2, complaint)
        assert here.json("list")["items"] == []


@pytest.mark.parametrize(
    ("words", "code", "printed", "said"),
    [
        (["add", "a=1", "b=2"], 0, 3, "succeeded"),
        (["echo", "value:=null"], 0, None, "succeeded"),
        (["report", "month=May"], 0, {"month": "May", "api_key": "[redacted]"}, "succeeded"),
        (["fail"], 1, "", "has failed: ValueError: no luck"),
        (["give_up"], 4, "", "was cancelled"),
    ],
)
def test_submit_and_wait_ends_as_the_job_does(
    tmp_path: Path, words: list[str], code: int, printed: Any, said: str
) -> None:
    """The result is printed where there is one, the exit code tells the state, and stderr says why."""
    with command_line(tmp_path, engine="thread") as here:
        here.start()
        result = here("submit", *words, "--wait", 20)
        assert result.exit_code == code, result.stderr
        assert (json.loads(result.stdout) if result.stdout else "") == printed
        assert said in result.stderr


def test_a_wait_that_times_out_leaves_the_job_alone(tmp_path: Path) -> None:
    """Exit code 124 and a word about the missing worker; the job stays and can be waited for again."""
    with command_line(tmp_path, engine="thread") as here:
        result = here("submit", "add", "a=1", "--wait", "0.1")
        is_refusal(result, 124, "No worker is running", "is queued")
        job_id = result.stderr.split()[1]
        assert here.get(job_id).state == "queued"
        again = here("wait", job_id, "--timeout", "0", "--json")
        assert (again.exit_code, json.loads(again.stdout)["id"]) == (124, job_id)


@pytest.mark.parametrize(
    "words",
    [
        ["--wait", "add", "a=1"],
        ["add", "--wait", "a=1"],
        ["add", "a=1", "--wait"],
        ["add", "a=1", "--wait", "20"],
        ["--wait", "20", "add", "a=1"],
        ["--wait=20", "add", "a=1"],
        ["--wait", "--priority", "1", "add", "a=1"],
    ],
)
def test_wait_may_stand_anywhere_with_or_without_seconds(tmp_path: Path, words: list[str]) -> None:
    """The seconds may be left out, and the next word is then not taken for them."""
    with command_line(tmp_path, engine="inline") as here:
        assert here.ok("submit", *words) == "1\n"


def test_the_progress_is_shown_while_waiting(tmp_path: Path) -> None:
    """A bar with the numbers and the message on stderr; with --json the job alone on stdout."""
    with command_line(tmp_path, engine="thread") as here:
        here.start()
        result = here("submit", "count", "to=4", "--wait", 20, "--json")
        assert json.loads(result.stdout)["result"] == 4
        assert f"succeeded [{'#' * 30}] 100 % 4/4 counting" in result.stderr


def test_a_job_that_is_gone_while_waiting_is_not_found(tmp_path: Path) -> None:
    """Exit code 3 where the job was deleted meanwhile."""
    with command_line(tmp_path, engine="inline") as here:
        job_id = here.submit("add", "a=1")
        here.ok("delete", job_id)
        is_refusal(here("wait", job_id), 3, job_id)
        assert _is_gone(here, job_id)


def _is_gone(here: CommandLine, job_id: str) -> bool:
    try:
        here.get(job_id)
    except JobNotFound:
        return True
    return False


def test_submit_with_a_unique_key(tmp_path: Path) -> None:
    """The id of the job that has the key is printed, and stderr says so; a rejected one is code 5."""
    with command_line(tmp_path) as here:
        words = ["submit", "add", "--unique-key", "k", "--delay", 60]
        first = here(*words, "a=1").stdout
        again = here(*words, "a=2")
        assert (again.stdout, again.stderr) == (first, "Nothing was submitted: a job has this unique key.\n")
        changed = here(*words, "a=3", "--on-conflict", "replace", "--expires-in", 90)
        assert (changed.stdout, changed.stderr) == (first, "The job that has this unique key was replaced.\n")
        job = here.get(first.strip())
        assert job.expires_at is not None
        assert (job.args, job.unique_key) == ({"a": 3}, "k")
        is_refusal(here(*words, "a=4", "--on-conflict", "reject"), 5, "has this unique key already")


def test_submit_takes_a_callback(tmp_path: Path) -> None:
    """By a flag, refused as everywhere where nobody may be called."""
    with command_line(tmp_path) as here:
        refused = here("submit", "add", "a=1", "--callback-url", "https://hooks.example.com/")
        is_refusal(refused, 2, "#/callback_url: this app calls no host")
