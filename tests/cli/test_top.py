"""`flask jobs top`, on a real terminal and elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..support import ROOT
from .command_line import command_line

LEAVE = "\x1b[?25h\x1b[?1049l"


class Terminal:
    """A terminal with `flask jobs top` in it."""

    def __init__(self, database: Path) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(100, 30)
        self.before = termios.tcgetattr(self.slave)
        self.seen = ""
        variables = {**os.environ, "TEST_DATABASE": str(database)}
        for name in ("COLUMNS", "LINES"):
            variables.pop(name, None)
        self.process = subprocess.Popen(
            (sys.executable, "-W", "error", "-m", "flask", "--app", "tests.cli.host", "jobs", "top",
             "-i", "0.2"),
            stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE, cwd=ROOT, env=variables, text=True,
        )  # fmt: skip

    def resize(self, columns: int, lines: int) -> None:
        """Give it another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Type them."""
        os.write(self.master, keys.encode())

    def expect(self, words: str) -> str:
        """Wait until it has shown `words`; what it has shown until then, which counts as seen."""
        deadline = time.monotonic() + 30
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen[-2_000:]
            if select.select((self.master,), (), (), 0.5)[0]:
                self.seen += os.read(self.master, 65_536).decode()
        shown, _, self.seen = self.seen.partition(words)
        return shown + words

    def is_restored(self) -> bool:
        """Whether it is as it was before."""
        return termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        """End what runs in it."""
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """On the database of `command_line(tmp_path)`."""
    with command_line(tmp_path):
        made = Terminal(tmp_path / "host.db")
        yield made
        made.close()


def test_the_screen_follows_what_happens(terminal: Terminal, tmp_path: Path) -> None:
    """A new job appears by itself, p pauses, another size is used at once, q ends it and restores all."""
    terminal.expect("QUEUE")
    assert not terminal.is_restored()
    with command_line(tmp_path, tables=False) as here:
        here.submit("add", "a=1")
        terminal.expect("1 queued")
        terminal.type("p")
        terminal.expect("PAUSED")
        here.submit("add", "a=1")
        terminal.expect("\x1b[J")
        terminal.resize(30, 4)
        terminal.process.send_signal(signal.SIGWINCH)
        lines = terminal.expect("\x1b[J").removesuffix("\x1b[J").removeprefix("\x1b[H").split("\x1b[K")
        assert all(len(line.strip()) <= 30 for line in lines)
        assert len(lines) <= 5
        assert lines[0].startswith("1 queued")  # paused: the second one is not looked for
        terminal.type("p")
        terminal.expect("2 queued")
    terminal.type("q")
    terminal.expect(LEAVE)
    assert (terminal.process.wait(10), terminal.is_restored()) == (0, True)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_restores_the_terminal(terminal: Terminal, number: int, code: int) -> None:
    """Ctrl-C is the usual end, SIGTERM that of others."""
    terminal.expect("QUEUE")
    terminal.process.send_signal(number)
    terminal.expect(LEAVE)
    assert (terminal.process.wait(10), terminal.is_restored()) == (code, True)
    assert terminal.process.stderr is not None
    assert "Traceback" not in terminal.process.stderr.read()


def test_an_outage_is_shown_and_over_when_it_is_over(terminal: Terminal, tmp_path: Path) -> None:
    """The last numbers stay on the screen, with the reason beside them."""
    terminal.expect("QUEUE")
    file = tmp_path / "host.db"
    file.rename(tmp_path / "away.db")
    terminal.expect("the database file was removed")
    (tmp_path / "away.db").rename(file)
    terminal.expect("in a second")
    terminal.type("q")
    assert terminal.process.wait(10) == 0


def test_without_a_terminal_it_is_printed_once(tmp_path: Path) -> None:
    """Queues, workers and failures as text; --json has the words of the API, without secrets."""
    with command_line(tmp_path) as here:
        here.submit("report", "month=2030-01", "password=x")
        here.drain()
        here.submit("fail")
        here.drain()
        here.submit("report", "month=2030-01", "password=hush", "--delay", 60)
        text = here.ok("top")
        assert "0 queued, 0 running, 1 succeeded, 1 failed" in text.splitlines()[0].replace(
            "1 scheduled, ", ""
        )
        assert re.search(r"^[0-9a-f-]{36}  fail  0 s ago +ValueError: no luck$", text, re.M)
        found: dict[str, Any] = here.json("top")
        assert set(found) == {"stats", "queues", "running", "failed", "workers"}
        assert [job["task"] for job in found["failed"]] == ["fail"]
        assert "hush" not in here.ok("top", "--json")


def test_rows_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    """Every section has its share of the screen."""
    from app.jobs.cli.overview import Overview

    with command_line(tmp_path) as here:
        for _ in range(20):
            here.submit("fail")
        here.drain()
        with here.app.app_context():
            found = Overview.read(here.app.extensions["simmer"])
    lines = found.lines(60, 12)
    assert len(lines) <= 12
    assert all(len(line) <= 60 for line in lines)
    assert any(re.fullmatch(r"… \d+ more", line) for line in lines)
    assert [len(found.lines(width, height)) <= height for width in (0, 1, 20) for height in (0, 1, 3)] == [
        True
    ] * 9
