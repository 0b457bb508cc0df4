"""A CSV of 100,000 lines sent to the service over HTTP, until its job has succeeded, beside a bare script.

The script reads the same file with `csv`, and inserts the same rows with nothing but `sqlite3` into the same
table: 1,000 to a transaction, with FULL. It neither stores the upload nor checks a line nor counts progress;
a second one checks each line by the service's own rules.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from app import csv_rows
from app.csv_rows import BadLine
from app.demo import write_csv

from .child import in_child
from .host import folder, wait_until
from .servers import answers, free_port, process
from .table import Measured, Row, middle, show

BATCH: Final = 1_000
INSERT: Final = "INSERT INTO users (name, email, age) VALUES (?, ?, ?) ON CONFLICT (email) DO NOTHING"
TABLE: Final = """CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL,
    email VARCHAR(254) NOT NULL UNIQUE, age INTEGER NOT NULL)"""
ROWS = (
    Row("csv_import.ratio", "bare script with the same inserts ÷ CSV import through HTTP", "×", at_least=0.5),
    Row("csv_import.checked", "the same, the script checks each line by the same rules", "×"),
    Row("csv_import.seconds", "CSV import of 100,000 rows through HTTP", "s"),
)


def measure(quick: bool) -> Iterator[Measured]:
    """The import and the scripts in turn."""
    lines, rounds = (10_000, 1) if quick else (100_000, 3)
    with folder() as place:
        path = place / "people.csv"
        write_csv(path, lines)
        taken = [one_round(path) for _ in range(rounds)]
    mine, bare, checked = (middle(side) for side in zip(*taken, strict=True))
    detail = f"{lines:,} lines: import {show(mine)} s, script {show(bare)} s, with checks {show(checked)} s"
    yield Measured("csv_import.ratio", middle(its / ours for ours, its, _ in taken), detail)
    yield Measured("csv_import.checked", middle(its / ours for ours, _, its in taken))
    yield Measured("csv_import.seconds", mine)


def one_round(path: Path) -> tuple[float, float, float]:
    """Seconds through HTTP, of the bare script and of the one that checks."""
    bare = in_child(script, path=str(path), checks=False)
    return through_http(path), bare, in_child(script, path=str(path), checks=True)


def through_http(path: Path) -> float:
    """Seconds from the request to the end of its job."""
    with folder() as place:
        port = free_port()
        command = [sys.executable, "run.py", "--port", str(port)]
        variables = {"DATABASE_URL": f"sqlite:///{place}/csv.db", "FLASK_UPLOAD_FOLDER": str(place)}
        with process(command, **variables):
            wait_until(lambda: answers(port), timeout=30)
            started = time.perf_counter()
            headers = {"Content-Type": "text/csv"}
            with urlopen(
                Request(f"http://127.0.0.1:{port}/users/import", path.read_bytes(), headers)
            ) as answer:
                job = json.load(answer)
            while not job["finished_at"]:
                with urlopen(f"http://127.0.0.1:{port}{job['links']['self']}?wait=20") as answer:
                    job = json.load(answer)
            seconds = time.perf_counter() - started
    if job["state"] != "succeeded":
        raise RuntimeError(f"the import {job['state']}: {job['error']}")
    return seconds


def script(path: str, checks: bool) -> float:
    """Seconds to read the file and to insert its rows."""
    with folder() as place, closing(sqlite3.connect(place / "script.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute(TABLE)
        started = time.perf_counter()
        rows = checked(path) if checks else unchecked(path)
        while batch := list(islice(rows, BATCH)):
            conn.execute("BEGIN IMMEDIATE")
            conn.executemany(INSERT, batch)
            conn.execute("COMMIT")
        return time.perf_counter() - started


def unchecked(path: str) -> Iterator[tuple[Any, ...]]:
    """The lines as they are."""
    with open(path, newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        next(lines)
        yield from ((name, email, int(age)) for name, email, age in lines)


def checked(path: str) -> Iterator[tuple[Any, ...]]:
    """The lines that the service would insert, checked as it does."""
    return (line[1] for line in csv_rows.read(Path(path)) if not isinstance(line, BadLine))
