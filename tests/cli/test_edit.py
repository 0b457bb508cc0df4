"""`flask jobs edit`."""

from __future__ import annotations

from pathlib import Path

from .command_line import command_line, is_refusal


def test_edit_changes_what_is_named(tmp_path: Path) -> None:
    """Arguments that are not named stay; the id may be its beginning."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1", "b=2", "--delay", "60")
        changed = here.json("edit", job_id[:-1], "a=5", "--priority", "-3", "--tag", "x", "--tag", "y")
        assert (changed["args"], changed["priority"], changed["tags"]) == ({"a": 5, "b": 2}, -3, ["x", "y"])
        assert here("edit", job_id, "--run-at", "2020-01-01T00:00Z").stderr == "Changed.\n"
        here.drain()
        assert here.get(job_id).result == 7


def test_edit_says_what_is_wrong(tmp_path: Path) -> None:
    """Exit code 2 for a wrong value, 3 for no job, 5 for one that has begun."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")
        is_refusal(here("edit", job_id, "a=x"), 2, "#/args/a")
        is_refusal(here("edit", job_id, "--queue", "nowhere"), 2, "#/queue")
        is_refusal(here("edit", "01a21ba8-5298-74ab-bf4e-56418b6212e3", "--priority", "1"), 3)
        here.drain()
        is_refusal(here("edit", job_id, "--priority", "1"), 5, "has not begun")
