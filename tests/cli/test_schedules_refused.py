"""What `flask jobs schedules` refuses, with the exit code that says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs.cli.schedules import schedules

from .command_line import CommandLine, command_line, is_refusal
from .host import jobs


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """One host for all commands that change nothing."""
    with command_line(tmp_path_factory.mktemp("untouched")) as here:
        yield here


def test_an_unknown_schedule_is_not_found(tmp_path: Path) -> None:
    """Exit code 3 from every command, whether no schedule has the id or none could have it."""
    with command_line(tmp_path) as here:
        for verb in set(schedules.commands) - {"list", "add"}:
            for id in ("nobody", "a b", "\udcff", "x" * 65):
                is_refusal(here("schedules", verb, id), 3, "no schedule has the id")


def test_what_the_state_forbids_is_refused(tmp_path: Path) -> None:
    """Exit code 5: an id that is taken, nothing to skip, a schedule that code declares."""
    with command_line(tmp_path) as here:
        words = ("schedules", "add", "echo", "interval", "hours=1", "--id", "s")
        here.ok(*words)
        is_refusal(here(*words), 5, "exists already")
        here.ok("schedules", "pause", "s")
        is_refusal(here("schedules", "skip", "s"), 5, "no fire time to skip")
        with here.app.app_context(), jobs.runtime.database.write() as conn:
            conn.exec_driver_sql("UPDATE simmer_schedules SET app = 'host'")
        is_refusal(here("schedules", "remove", "s"), 5, "the code of 'host' declares 's'")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["add"], 2, "Missing argument 'TASK'"),
        (["add", "nobody", "interval", "hours=1"], 3, "no task is named 'nobody'"),
        (["add", "add", "interval", "hours=1"], 2, "#/args/a"),
        (["add", "echo", "interval", "hours=1", "--arg", "value"], 2, "'value' is not an argument"),
        (["add", "echo", "interval", "5m"], 2, "'5m' is not part of a trigger"),
        (["add", "echo", "interval", "hours=1", "hours=2"], 2, "'hours' is given twice"),
        (["add", "echo", "cron", "0", "9", "*"], 2, "quote the expression as one word"),
        (["add", "echo", "interval", "hours=1", "--id", "a b"], 2, "#/id"),
        (["preview"], 2, "Missing argument 'TRIGGER|ID'"),
        (["preview", "interval"], 2, "#/trigger/seconds"),
        (["preview", "cron", "0 9 * *"], 2, "#/trigger/expression"),
        (["preview", "cron", "@daily", "--count", "51"], 2, "--count"),
        (["preview", "cron", "@daily", "--after", "2030-01-01T00:00"], 2, "--after"),
        (["preview", "cron", "@daily", "--after", "soon"], 2, "RFC 3339"),
        (["preview", "s", "--timezone", "UTC"], 2, "leave --timezone out"),
        (["history", "s", "--before", "soon"], 2, "--before"),
        (["history", "s", "--limit", "0"], 2, "--limit"),
        (["--json", "show", "s"], 2, "--json goes after show"),
        (["rewind", "s"], 2, "No such command"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_is_a_mistake_of_usage(
    untouched: CommandLine, words: list[str], code: int, complaint: str
) -> None:
    """The place is named, and nothing is stored."""
    is_refusal(untouched("schedules", *words), code, complaint)
    assert untouched.json("schedules")["items"] == []
