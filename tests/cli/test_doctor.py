"""`flask jobs doctor`."""

from __future__ import annotations

import secrets
from pathlib import Path

from .command_line import command_line
from .host import jobs


def test_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    """A line for each check, a hint below what is not in order, exit code 1 where it is serious."""
    with command_line(tmp_path, engine="thread") as here:
        here.submit("add", "a=1")
        result = here("doctor")
        assert result.exit_code == 1
        lines = result.stdout.splitlines()
        assert "ok       schema: all tables, columns and indexes are there" in lines
        at = next(at for at, line in enumerate(lines) if line.startswith("SERIOUS  queues and tasks: 1 jobs"))
        assert lines[at + 1].startswith("         -> start a worker")


def test_doctor_is_content_with_what_is_in_order(tmp_path: Path) -> None:
    """Exit code 0; `--json` and `jobs.doctor()` say the same."""
    tokens = {secrets.token_urlsafe(): ["operate"]}
    with command_line(tmp_path, engine="thread", api_tokens=tokens) as here:
        here.start()
        here.ok("submit", "add", "a=1", "--wait", 20)
        shown = here.json("doctor")["items"]
        with here.app.app_context():
            assert [found.check for found in jobs.doctor()] == [item["check"] for item in shown]
        assert {item["level"] for item in shown} == {"ok", "warning"}  # durability: tests do without
        assert {item["hint"] is None for item in shown if item["level"] == "ok"} == {True}


def test_doctor_of_a_database_without_tables_says_how_to_make_them(tmp_path: Path) -> None:
    """Without a traceback."""
    with command_line(tmp_path, tables=False) as here:
        result = here("doctor")
        assert (result.exit_code, "init-db" in result.stdout) == (1, True)
