"""Huey on SQLite: eight threads; it keeps the result of a job, but no state."""

from __future__ import annotations

import os
import sys

from huey import SqliteHuey

huey = SqliteHuey("bench", filename=os.environ.get("BENCH_STORE", ":memory:"))


@huey.task()  # type: ignore[untyped-decorator]
def noop(number: int) -> int:
    """Do nothing."""
    return number


def worker() -> list[str]:
    """The command of the consumer."""
    options = ["bench.peers.with_huey.huey", "--workers", "8", "--quiet"]
    return [sys.executable, "-m", "huey.bin.huey_consumer", *options]


def prepare() -> None:
    """Nothing."""


def submit(number: int) -> None:
    """Send one."""
    noop(number)


def left(count: int) -> int:
    """How many results are missing."""
    return count - int(huey.storage.result_store_size())
