"""Procrastinate on PostgreSQL: eight jobs at a time; it keeps states and attempts, but no result."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Final

from procrastinate import App, PsycopgConnector

URL: Final = os.environ.get("BENCH_STORE", "postgresql://")

app = App(connector=PsycopgConnector(conninfo=URL))


@app.task(name="noop")  # type: ignore[untyped-decorator]
async def noop(number: int) -> None:
    """Do nothing."""


def worker() -> list[str]:
    """The command of the worker."""
    options = ["--app", "bench.peers.with_procrastinate.app", "worker", "--concurrency", "8"]
    return [sys.executable, "-m", "procrastinate", *options]


def prepare() -> None:
    """Create its tables."""
    with app.open():
        app.schema_manager.apply_schema()


def submit(number: int) -> None:
    """Send one."""
    _opened().configure_task("noop").defer(number=number)


def left(count: int) -> int:
    """How many are still to be done."""
    (row,) = (
        _opened()
        .connector.get_sync_connector()
        .execute_query_all(
            "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        )
    )
    return int(row["jobs"])


@cache
def _opened() -> App:
    return app.open()
