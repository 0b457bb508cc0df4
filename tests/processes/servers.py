"""Real servers as processes of their own: asked, signalled, killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..support import eventually
from .rows import Rows

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass
class Answer:
    """What a server answered; status 0 where nobody did."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """A server that was started here, with everything it may have forked in a process group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    port: int | None = None
    """Where it was told to listen, if it was."""

    @property
    def words(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def says(self, words: str) -> bool:
        """Wait until it has said these words."""
        return eventually(lambda: words in self.words, 20, f"{self.name} says {words!r}")

    def is_ready(self) -> bool:
        """Whether it says so: every thread is alive, and the database answers."""
        return self.ask("health/ready").status == 200

    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    @property
    def origin(self) -> str:
        """Where it listens, as it was told or says itself."""
        if self.port is not None:
            return f"http://127.0.0.1:{self.port}"
        said = eventually(self._said_address, 30, f"{self.name} speaks")
        return f"http://127.0.0.1:{said[1]}"

    def _said_address(self) -> re.Match[str] | None:
        has_ended = self.has_ended()  # before it is read: what it said last counts too
        found = ADDRESS.search(self.words)
        assert found or not has_ended, f"{self.name} ended:\n{self.words}"
        return found

    def ask(self, path: str, body: Any = None) -> Answer:
        """Its answer to a GET, or to a POST where there is a body; a path without / is below the API."""
        where = self.origin + (path if path.startswith("/") else f"/api/v1/{path}")
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            with urlopen(Request(where, data=data, headers=headers), timeout=30) as answer:
                return Answer(answer.status, json.load(answer), dict(answer.headers))
        except HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, json.load(refusal), dict(refusal.headers))
        except OSError:
            return Answer(0)

    def submit(self, task: str, **args: Any) -> str:
        """Submit one job; its id."""
        answer = self.ask("jobs", {"task": task, "args": args})
        assert answer.status == 202, answer
        return str(answer.body["id"])

    def submit_many(self, count: int, task: str, **args: Any) -> list[str]:
        """Submit jobs in one transaction; their ids."""
        answer = self.ask("jobs/batch", {"jobs": [{"task": task, "args": args}] * count})
        assert answer.status == 202, answer
        return [item["id"] for item in answer.body["items"]]

    def signal(self, number: int) -> None:
        """Tell the server, and none of its children."""
        self.process.send_signal(number)

    def wait(self, timeout: float = 60) -> int:
        """Its exit code, once it has ended."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.words[-3000:]}") from None

    def signal_all(self, number: int) -> None:
        """Tell everything that it is."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def suspend(self, rows: Rows) -> None:
        """Stop it for a while, but not in the middle of a commit, which would stop everybody."""
        self.signal_all(signal.SIGSTOP)
        while not rows.can_be_written():
            self.signal_all(signal.SIGCONT)
            eventually(rows.can_be_written)
            self.signal_all(signal.SIGSTOP)

    def kill(self) -> None:
        """kill -9 to everything that it is."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(10)


def timed(condition: Callable[[], Any], timeout: float, what: str) -> float:
    """After how many seconds the condition held."""
    begun = time.monotonic()
    eventually(condition, timeout, what)
    return time.monotonic() - begun
