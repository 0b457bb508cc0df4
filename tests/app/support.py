"""What several tests of the service need: CSV files, and servers as processes of their own."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
HEADER = ("name", "email", "age")


def csv_text(rows: Iterable[Sequence[Any]], header: Sequence[str] = HEADER) -> str:
    """A CSV with these rows below the header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def people(count: int, start: int = 0) -> list[tuple[str, str, int]]:
    """So many valid rows."""
    return [(f"Person {n}", f"person{n}@example.com", n % 100) for n in range(start, start + count)]


@contextmanager
def served(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`run.py` on a free port with its database in `folder`: the process and the service's address."""
    variables = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder}/served.db",
        "FLASK_UPLOAD_FOLDER": str(folder / "uploads"),
        "FLASK_JOBS_SQLITE_SYNCHRONOUS": "NORMAL",
        **environment,
    }
    command = [sys.executable, "run.py", "--port", "0", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process, _address(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)


def fetch(address: str, body: bytes | None = None, media_type: str = "application/json") -> Any:
    """The JSON that the address answers, to a POST where there is a body."""
    headers = {"Content-Type": media_type} if body is not None else {}
    with urlopen(Request(address, data=body, headers=headers), timeout=10) as answer:
        return json.load(answer)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "serves http://" in line:
            return line[line.index("http://") :].strip()
    raise AssertionError("the service did not start: " + "".join(said))
