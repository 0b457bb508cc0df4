"""`flask jobs logs`."""

from __future__ import annotations

from pathlib import Path

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
