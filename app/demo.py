"""`make demo`: a real CSV of 100,000 lines through a real server, with a progress bar."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

LINES: Final = 100_000
BAR: Final = 40
MAX_SECONDS: Final = 300
ROOT: Final = Path(__file__).resolve().parent.parent
FIRST: Final = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Ken", "Radia", "Tony")
LAST: Final = (
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Allen",
    "Thompson",
    "Perlman",
    "Hoare",
)


def main() -> int:
    """Run the demonstration; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="simmer-demo-") as folder:
        path = Path(folder) / "people.csv"
        write_csv(path, LINES)
        print(f"Made {path.name}: {LINES:,} lines, {path.stat().st_size / 1e6:.1f} MB, a few of them bad")
        with server(Path(folder)) as address:
            started = time.monotonic()
            location = upload(f"{address}users/import", path)
            print(f"POST {address}users/import: 202, Location: {location}")
            job = watch(urljoin(address, location))
            seconds = time.monotonic() - started
        print(f"{job['state']} after {seconds:.1f} s: {json.dumps(job['result'] or job['error'], indent=2)}")
    return 0 if job["state"] == "succeeded" else 1


def write_csv(path: Path, lines: int) -> None:
    """Write so many people, a few of them duplicates or invalid, as in real files."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "email", "age"])
        for number in range(lines):
            name = f"{FIRST[number % 10]} {LAST[number // 10 % 10]}"
            address = "nobody" if number % 33_333 == 1_000 else f"person{number}@example.com"
            writer.writerow(
                [name, "person1@example.com" if number == lines // 2 else address, 18 + number % 70]
            )


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a service on a free port with its own database; stopped at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "FLASK_UPLOAD_FOLDER": str(folder / "uploads"),
    }
    command = [sys.executable, "run.py", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            # run.py prints its address once it listens: nothing to poll for.
            line = process.stdout.readline()
            if "http://" not in line:
                raise SystemExit("The service did not start: see above.")
            print(line.strip())
            yield line[line.index("http://") :].strip()
        finally:
            process.terminate()
            process.wait(timeout=60)


def upload(address: str, path: Path) -> str:
    """Send the file; returns where to poll its job."""
    with path.open("rb") as file:
        headers = {"Content-Type": "text/csv", "Content-Length": str(path.stat().st_size)}
        with urlopen(Request(address, data=file, headers=headers, method="POST")) as answer:
            return str(answer.headers["Location"])


def watch(location: str) -> dict[str, Any]:
    """Draw the progress until the job is final, by long polling."""
    deadline = time.monotonic() + MAX_SECONDS
    version = ""
    while time.monotonic() < deadline:
        job, version = poll(location, version)
        if job is None:
            continue
        draw(job)
        if job["finished_at"]:
            return job
    raise SystemExit(f"The job was not over after {MAX_SECONDS} s.")


def poll(location: str, version: str) -> tuple[dict[str, Any] | None, str]:
    """The job once its version has changed, None after five seconds without a change."""
    headers = {"If-None-Match": version, "Prefer": "wait=5"}
    try:
        with urlopen(Request(location, headers=headers)) as answer:
            return json.load(answer), answer.headers["ETag"]
    except HTTPError as error:
        # urllib raises for every status that is not 2xx, so for 304 too.
        if error.code != 304:
            raise
        return None, version


def draw(job: dict[str, Any]) -> None:
    """Print one line, which overwrites itself on a terminal."""
    percent = job["progress"]["percent"] or 0
    bar = "█" * round(percent * BAR / 100)
    ending = "\r" if sys.stdout.isatty() and not job["finished_at"] else "\n"
    print(f"{bar:░<{BAR}} {percent:5.1f} %  {job['progress']['message']:<24}", end=ending, flush=True)


if __name__ == "__main__":
    sys.exit(main())
