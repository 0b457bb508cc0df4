"""What it costs to submit: one by one, from eight threads at once, and a thousand in one transaction.

The raw side writes what `submit()` left in the database, row by row with the columns already made, into the
same tables with nothing but `sqlite3`: BEGIN IMMEDIATE, the same INSERTs, COMMIT, with FULL. An fsync costs
something else every minute, so all of them take turns in short rounds and a ratio is the median over these.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from .child import in_child
from .history import History
from .host import create_app, folder, noop
from .table import Measured, Row, middle, show

THREADS = 8
MANY = 1_000
ROWS = (
    Row("submit.one", "submit() one by one ÷ raw sqlite3 INSERTs + commit", "×", at_least=0.8),
    Row("submit.eight", "submit() from 8 threads at once ÷ one thread", "×", at_least=4),
    Row("submit.many", "submit_many of 1,000", "/s", at_least=40_000),
)


def measure(quick: bool) -> Iterator[Measured]:
    """What is compared takes turns in one process; the thousands have one of their own."""
    taken = in_child(rounds, count=200, times=3 if quick else 12)
    rates = {name: middle(values) for name, values in taken.items()}
    pairs = {name: list(zip(taken[name], taken["one"], strict=True)) for name in ("raw", "eight")}
    detail = f"ours {show(rates['one'])}/s, raw {show(rates['raw'])}/s"
    yield Measured("submit.one", middle(one / raw for raw, one in pairs["raw"]), detail)
    detail = f"8 threads {show(rates['eight'])}/s"
    yield Measured("submit.eight", middle(eight / one for eight, one in pairs["eight"]), detail)
    yield Measured("submit.many", middle(in_child(thousands, times=10 if quick else 40)))


def rounds(count: int, times: int) -> dict[str, list[float]]:
    """For each way its rates, jobs a second, one for each round."""
    with folder() as place:
        path = place / "submit.db"
        app = create_app(path)
        with app.app_context():
            one_by_one(count)  # warms up, and is what the raw side copies
            raw = Raw(path, place / "raw.db")
            ways: dict[str, Callable[[], float]] = {
                "raw": lambda: raw.rate(count),
                "one": lambda: rate(count, lambda: one_by_one(count)),
                "eight": lambda: rate(count * THREADS, lambda: at_once(app, count)),
            }
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(times):
                for name, way in ways.items():
                    taken[name].append(way())
    return taken


def thousands(times: int) -> list[float]:
    """Jobs a second of each of so many `submit_many` of a thousand, on an empty database."""
    with folder() as place, create_app(place / "many.db").app_context():
        many()
        return [rate(MANY, many) for _ in range(times)]


def rate(count: int, work: Callable[[], None]) -> float:
    """`count` a second."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def one_by_one(count: int) -> None:
    """Each with a commit of its own."""
    for number in range(count):
        noop.submit(number=number)


def many() -> None:
    """A thousand in one transaction."""
    noop.submit_many([{"number": number} for number in range(MANY)])


def at_once(app: Any, count: int) -> None:
    """`count` in each of eight threads."""
    gate = threading.Barrier(THREADS)

    def work() -> None:
        with app.app_context():
            gate.wait()
            one_by_one(count)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Raw:
    """Stores once more what `submit()` stored, with nothing but sqlite3, in tables of the same shape."""

    def __init__(self, source: Path, path: Path) -> None:
        with closing(sqlite3.connect(source)) as stored:
            shape = [sql for (sql,) in stored.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
            (first,) = stored.execute("SELECT id FROM simmer_jobs LIMIT 1").fetchone()
            self._history = History(stored, first)
        self._conn = sqlite3.connect(path, isolation_level=None)
        self._conn.execute("PRAGMA journal_mode=WAL")
        self._conn.execute("PRAGMA synchronous=FULL")
        for sql in shape:
            if "sqlite_sequence" not in sql:
                self._conn.execute(sql)
        self._made = 0

    def rate(self, count: int) -> float:
        """So many jobs, each with a commit of its own; `count` a second."""
        numbers = range(self._made, self._made + count)
        jobs = [list(self._history.of(f"01900000-0000-7000-8000-{number:012x}")) for number in numbers]
        self._made += count
        return rate(count, lambda: self._insert(jobs))

    def _insert(self, jobs: list[list[tuple[str, list[Any]]]]) -> None:
        for rows in jobs:
            self._conn.execute("BEGIN IMMEDIATE")
            for statement, values in rows:
                self._conn.execute(statement, values)
            self._conn.execute("COMMIT")
