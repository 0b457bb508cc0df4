"""`flask jobs logs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.jobs.ids import new_id

from .command_line import command_line, is_refusal


def test_logs_prints_lines_and_json(tmp_path: Path) -> None:
    """A line each, of a level where one is named; --json is what the API answers."""
    with command_line(tmp_path) as here:
        job = here.submit("talk")
        assert here.ok("logs", job) == ""
        here.drain()
        lines = here.ok("logs", job).splitlines()
        assert [line.partition("Z ")[2] for line in lines] == [
            "[1] INFO app.jobs.tasks.talk: one\\ntwo",
            "[1] WARNING app.jobs.tasks.talk: three",
        ]
        assert here.ok("logs", job, "--level", "WARNING").splitlines() == lines[1:]
        assert here.ok("logs", job, "-f", "--after", "1.1").splitlines() == lines[1:]
        answered = here.app.test_client().get(f"/api/v1/jobs/{job}/logs").get_json()
        assert here.json("logs", job) == answered


def test_logs_refuses_what_cannot_be(tmp_path: Path) -> None:
    """An unknown job, a cursor of something else, and two ways to print at once."""
    with command_line(tmp_path) as here:
        job = here.submit("talk")
        is_refusal(here("logs", new_id()), 3, "no job has the id")
        is_refusal(here("logs", job, "--after", "x"), 2, "cursor")
        is_refusal(here("logs", job, "-f", "--json"), 2, "--follow")
        is_refusal(here("logs", job, "--level", "loud"), 2, "level")


def test_ctrl_c_ends_what_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, without a word: the job goes on."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(here.app.extensions["simmer"].logs, "wait", interrupt)
        result = here("logs", job_id, "-f")
        assert (result.exit_code, result.output) == (130, "")
