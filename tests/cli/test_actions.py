"""Commands that cancel, retry and delete: several ids, beginnings of ids, and filters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .command_line import CommandLine, command_line, is_refusal


def ask(here: CommandLine, answer: str, *words: str) -> Any:
    """Run a command that asks, and answer it."""
    return here.app.test_cli_runner().invoke(args=["jobs", *words], input=answer)


def submit(here: CommandLine, count: int) -> list[str]:
    """Submit so many jobs; their ids."""
    return [here.submit("add", f"a={n}") for n in range(count)]


def test_a_filter_says_how_many_and_asks(tmp_path: Path) -> None:
    """No changes nothing, yes does it; --yes does not ask, and --dry-run neither asks nor changes."""
    with command_line(tmp_path) as here:
        ids = submit(here, 3)
        for words, answer in ((("--dry-run",), ""), ((), "n\n"), ((), "")):
            result = ask(here, answer, "cancel", "--task", "add", *words)
            assert result.exit_code == (0 if words else 1)
            assert ("Cancel 3 jobs?" in result.stderr) == (not words)
            assert {here.get(job_id).state for job_id in ids} == {"queued"}
        asked = ask(here, "y\n", "cancel", "--task", "add")
        assert (asked.exit_code, asked.stdout) == (0, "")
        assert "3 of 3 jobs were cancelled or asked to stop." in asked.stderr
        assert here.json("retry", "--state", "cancelled", "--yes") == {"matched": 3, "affected": 3}
        assert here("delete", "--task", "add", "--yes").stderr == "0 of 3 jobs: nothing is changed.\n"
        here.drain()
        assert here.json("delete", "--queue", "default", "--created-after", "2020-01-01T00:00Z", "--yes") == {
            "matched": 3, "affected": 3,
        }  # fmt: skip
        assert here.json("list")["items"] == []


def test_several_ids_are_all_meant(tmp_path: Path) -> None:
    """Where one is unknown nothing is done; where the state of one forbids it the exit code says so."""
    with command_line(tmp_path) as here:
        first, second, third = submit(here, 3)
        is_refusal(here("cancel", first, third[:-1] + "x", "--yes"), 3)
        unknown = here("cancel", first, "01a21ba8-5298-74ab-bf4e-56418b6212e3", "--yes")
        is_refusal(unknown, 3, "of these 2 jobs only 1 exist")
        assert here.get(first).state == "queued"
        assert here("cancel", first, second, "--yes").exit_code == 0
        refused = here("cancel", second, third, "--yes")
        assert (refused.exit_code, here.get(third).state) == (5, "cancelled")
        is_refusal(here("cancel", first, "--task", "add"), 2, "not both")
        is_refusal(here("cancel", "--yes"), 2, "name at least one filter or ids")


def test_the_beginning_of_an_id_is_enough(tmp_path: Path) -> None:
    """Where several ids begin so they are listed, and nothing is done; too short a one is not looked for."""
    with command_line(tmp_path) as here:
        ids = submit(here, 3)
        for command in ("show", "cancel", "retry", "delete", "wait"):
            several = here(command, ids[0][:9])
            is_refusal(several, 2, "several jobs", *ids)
            is_refusal(here(command, "fffff"), 3, "no job has an id that begins with")
            is_refusal(here(command, ids[0][:3]), 3, "no job has the id")
        assert {here.get(job_id).state for job_id in ids} == {"queued"}
        assert here.json("show", ids[1][:-1])["id"] == ids[1]
        assert here("cancel", ids[1][:-1]).stderr == "Cancelled.\n"
        assert here("wait", ids[1][:-1]).exit_code == 4


def test_more_than_a_thousand_are_left_to_a_job(tmp_path: Path) -> None:
    """The command says which one, and it does it."""
    with command_line(tmp_path) as here:
        with here.app.app_context():
            here.app.extensions["simmer"].submissions.submit_many(
                [_submission(number) for number in range(1_001)]
            )
        job = here.json("cancel", "--task", "add", "--yes")
        here.drain()
        assert here.get(job["id"]).result == {"affected": 1_001}


def _submission(number: int) -> Any:
    from app.jobs.tasks.submission import Submission

    return Submission("add", {"a": number}, {})


@pytest.mark.parametrize("command", ["cancel", "retry", "delete"])
def test_the_help_says_how_jobs_are_named(tmp_path: Path, command: str) -> None:
    """Ids, the beginnings of ids, and filters."""
    with command_line(tmp_path, tables=False) as here:
        shown = here.ok(command, "--help")
        for word in ("[ID]...", "beginning", "--state", "--created-before", "--yes", "--dry-run"):
            assert word in shown


def test_what_is_done_at_a_prompt_says_so(tmp_path: Path) -> None:
    """One job, several, a schedule and the job of its run are signed by the command line."""
    with command_line(tmp_path) as here:
        first, second = submit(here, 2)
        here.ok("edit", first, "--priority", "3")
        here.ok("cancel", first)
        here.ok("retry", first)
        here.ok("cancel", first, second, "--yes")
        shown = here.json("show", first)["events"]
        assert [event["type"] for event in shown] == [
            "submitted",
            "edited",
            "cancelled",
            "retried",
            "cancelled",
        ]
        assert [event["by"] for event in shown] == [None, *["command line"] * 4]
        assert here.json("show", second)["events"][-1]["by"] == "command line"
        here.ok("schedules", "add", "add", "interval", "minutes=5", "--id", "s", "--arg", "a:=1")
        for verb in ("pause", "resume", "skip"):
            assert here.json("schedules", verb, "s")["updated_by"] == "command line"
        ran = here.ok("schedules", "run", "s").strip()
        assert here.json("show", ran)["events"][0]["by"] == "command line"
