"""Runs the console blocks of a page and compares what they print with what the page shows.

In what is shown, `…` stands for anything; ids, versions, moments with fractions of a second and decimal
numbers stand for others of their kind, and an id means the same one wherever it is shown.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from app import create_app
from app.extensions import db, jobs

from .app.support import served
from .documents import ROOT, Page
from .support import eventually

SHOWN_ADDRESS: Final = "http://127.0.0.1:5000/"
READING: Final = ("list", "show", "stats", "tasks", "wait", "why", "workers", "history")
"""Commands of `flask jobs` that may be repeated until the moment has come that the page shows."""
SENDING: Final = {"-d", "--data-binary", "-X"}
"""Options of curl that make a request change something."""
READY: Final = ("Running jobs of", "Listening at")
"""What the processes say that go on until they are stopped."""
_ID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A moment on a full minute is a fire time, and meant as it stands.
_LOOSE: Final = re.compile(
    rf"(?P<any>…)|(?P<id>{_ID})|(?P<time>\d{{4}}-\d\d-\d\dT\d\d:\d\d:(?!00Z)\d\d(?:\.\d+)?Z)"
    r'|(?P<current>(?<="current":)\d+)|(?P<version>(?<=W/")(?!1")\d+)|(?P<number>\d+\.\d+)'
)
_PATTERNS: Final = {
    "any": r"[\s\S]*?",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "current": r"\d+",
    "version": r"\d+",  # how often progress was written depends on the machine; only the first is known
    "number": r"\d+(?:\.\d+)?(?:e-\d+)?",
}


def commands(page: Page) -> Iterator[tuple[str, str]]:
    """Each command of the console blocks, with the output that is shown below it."""
    for block in page.blocks:
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield command, shown.strip()


class Session:
    """A terminal in which the service runs: leave it with `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self._address: str | None = None
        self._ids: dict[str, str] = {}

    def close(self) -> None:
        """End what it started."""
        self._stack.close()

    def run(self, command: str, shown: str) -> None:
        """Run one command, and fail where it prints something else than `shown`."""
        words = shlex.split(
            re.sub(_ID, lambda found: self._ids.get(found[0], found[0]), command), comments=True
        )
        environment = {}
        while "=" in words[0]:
            name, _, environment[name] = words.pop(0).partition("=")
        tells_code = words[-2:] == ["echo", "$?"]
        words = [word.rstrip(";") for word in words[:-2]] if tells_code else words
        run = self._runner(words, environment, tells_code)
        printed = run()
        only_reads = set(words[:4]) & set(READING) or (words[0] == "curl" and not SENDING & set(words))
        if self.shows(printed, shown):
            return
        assert only_reads, f"{command}\nshows\n{shown}\nand prints\n{printed}"
        eventually(lambda: self.shows(run(), shown), what=f"{command}\nshows\n{shown}\nnot\n{printed}")

    def _runner(
        self, words: list[str], environment: Mapping[str, str], tells_code: bool
    ) -> Callable[[], str]:
        if words in (["make", "run"], ["python", "run.py"]):
            return lambda: self._serve(environment)
        if words[0] == "make":
            return lambda: _check_target(words[1])
        if words[:2] == ["pip", "install"]:
            return lambda: _check_installable(words[2:])
        if words[0] == "printf":
            return lambda: self._write(*words[1:])
        if words[0] == "curl":
            return lambda: self._curl(words[1:])
        if words[:2] == ["flask", "jobs"] and "worker" not in words:
            return lambda: self._flask(words[1:], tells_code)
        return lambda: self._process(words, environment)

    def shows(self, printed: str, shown: str) -> bool:
        """Whether a page that shows `shown` tells the truth about `printed`; remembers the ids of both."""
        if not shown:
            return True
        names: dict[str, str] = {}
        pattern, end = "", 0
        shown = re.sub(r" {2,}", "  ", shown)
        for found in _LOOSE.finditer(shown):
            pattern += re.escape(shown[end : found.start()])
            pattern += self._id_pattern(found[0], names) if found["id"] else _PATTERNS[str(found.lastgroup)]
            end = found.end()
        text = re.sub(r" {2,}", "  ", _without_other_headers(printed, shown))
        match = re.fullmatch(pattern + re.escape(shown[end:]), text.strip())
        if match is not None:
            self._ids |= {shown_id: match[name] for shown_id, name in names.items()}
        return match is not None

    def _id_pattern(self, shown: str, names: dict[str, str]) -> str:
        if shown in self._ids:
            return self._ids[shown]
        if shown in names:
            return f"(?P={names[shown]})"
        names[shown] = f"id{len(names)}"
        return f"(?P<{names[shown]}>{_ID})"

    # --- the programs ---------------------------------------------------------------------------------

    def _serve(self, environment: Mapping[str, str]) -> str:
        _, self._address = self._stack.enter_context(served(self._folder, **environment))
        return ""

    def _write(self, text: str, _into: str, name: str) -> str:
        (self._folder / name).write_text(text.replace("\\n", "\n"))
        return ""

    def _curl(self, words: list[str]) -> str:
        if self._address is None:
            self._serve({})
        parser = argparse.ArgumentParser()
        for option in ("-i", "-s"):
            parser.add_argument(option, action="store_true")
        parser.add_argument("-H", action="append", default=[])
        parser.add_argument("-d", "--data-binary", dest="data")
        parser.add_argument("-X", dest="method")
        parser.add_argument("url")
        told = parser.parse_args(words)
        headers = dict(header.split(": ", 1) for header in told.H)
        address = told.url.replace(SHOWN_ADDRESS, self._address)
        data = None if told.data is None else told.data.encode()
        if data is not None and data.startswith(b"@"):
            data = (self._folder / told.data[1:]).read_bytes()
        request = urllib.request.Request(address, data, headers, method=told.method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return _printed(response, response.status, told.i)
        except urllib.error.HTTPError as error:
            with error:
                return _printed(error, error.code, told.i)

    def _flask(self, words: list[str], tells_code: bool) -> str:
        """In this process: a command takes a hundredth of the time that a new one would."""
        if self._address is None:
            self._serve({})
        config = {"JOBS_ROLE": "web", "UPLOAD_FOLDER": str(self._folder / "uploads")}
        app = create_app({**config, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{self._folder}/served.db"})
        try:
            result = app.test_cli_runner().invoke(args=words)
        finally:
            with app.app_context():
                jobs.runtime.database.close()
                db.engine.dispose()
        if tells_code:
            return f"{result.output}{result.exit_code}"
        assert result.exit_code == 0, f"{words}: {result.output} {result.exception}"
        return result.output

    def _process(self, words: list[str], environment: Mapping[str, str]) -> str:
        """Start what serves or works, until it says that it is ready; then stop it in order."""
        programs = {"flask": ["-m", "flask"], "gunicorn": ["-m", "gunicorn", "--bind", "127.0.0.1:0"]}
        (at,) = [index for index, word in enumerate(words) if word in programs]
        words = [*words[:at], sys.executable, *programs[words[at]], *words[at + 1 :]]
        variables = {
            **os.environ, "FLASK_APP": "app", "DATABASE_URL": f"sqlite:///{self._folder}/served.db",
            "PYTHONUNBUFFERED": "1", **environment,
        }  # fmt: skip
        said = ""
        with subprocess.Popen(
            words, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said += line
                if any(word in line for word in READY):
                    break
            if "--drain" not in words:
                process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
        assert process.returncode == 0, said + rest
        return said + (rest if "--drain" in words else "")


def _printed(response: Any, status: int, with_headers: bool) -> str:
    body = str(response.read().decode())
    if not with_headers:
        return body
    headers = "".join(f"{name}: {value}\n" for name, value in response.headers.items())
    return f"HTTP/1.1 {status} {response.reason}\n{headers}\n{body}"


def _without_other_headers(printed: str, shown: str) -> str:
    """`printed` with those headers alone, and in that order, that `shown` has."""
    if not shown.startswith("HTTP/"):
        return printed
    head, _, body = printed.partition("\n\n")
    status, *headers = head.splitlines()
    names = [line.partition(":")[0].lower() for line in shown.partition("\n\n")[0].splitlines()[1:]]
    kept = [line for name in names for line in headers if line.partition(":")[0].lower() == name]
    return "\n".join([status, *kept, "", body])


def _check_target(name: str) -> str:
    assert re.search(rf"^{name}: .*## ", (ROOT / "Makefile").read_text(), re.MULTILINE), f"make {name}"
    return ""


def _check_installable(words: list[str]) -> str:
    """A path, or this distribution with extras that it has."""
    for word in words:
        extras = re.fullmatch(r"Flask-Simmer\[([a-z,]+)\]", word)
        known = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2]
        assert word == "." or (extras and all(f"\n{name} = " in known for name in extras[1].split(","))), word
    return ""
