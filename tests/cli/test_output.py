"""Tables, times and texts as the commands print them."""

from __future__ import annotations

import io
import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from app.jobs.cli import output

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3_600, "1 h ago"), (200_000, "2 d ago"),
        (-5, "in 5 s"), (-7_200, "in 2 h"),
    ],
)  # fmt: skip
def test_a_time_is_told_in_the_unit_that_fits(seconds: int, words: str) -> None:
    """What is past as ago, what comes as in how long."""
    assert output.since(NOW - timedelta(seconds=seconds), NOW) == words


class Terminal(io.TextIOWrapper):
    """A stdout that says that it is one."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_table_is_for_people_on_a_terminal_and_for_programs_elsewhere(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    """There it is cut to the screen and tells how long ago; a pipe gets all of it, and RFC 3339."""
    kind = Terminal if is_terminal else io.TextIOWrapper
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stdout", kind(printed, encoding="utf-8"))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((20, 5)))
    output.print_table(("WHEN", "WHAT"), [(datetime(2020, 1, 1, tzinfo=UTC), "x" * 30)])
    written = printed.getvalue().decode().splitlines()
    if is_terminal:
        assert all(len(line) <= 20 for line in written)
        assert " d ago " in written[1]
        assert written[1].endswith("x…")
    else:
        assert written[1] == f"2020-01-01T00:00:00Z  {'x' * 30}"
