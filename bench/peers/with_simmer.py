"""Ours on SQLite with FULL, in `flask jobs worker`: states, times, attempts, events and results are kept."""

from __future__ import annotations

import os
import sys
from functools import cache

from flask import Flask

from .. import host


def worker() -> list[str]:
    """The command of the worker."""
    return [sys.executable, "-m", "flask", "--app", "bench.host:create_app", "jobs", "worker"]


def prepare() -> None:
    """Create its tables."""
    made()


def submit(number: int) -> None:
    """Send one."""
    with made().app_context():
        host.noop.submit(number=number)


def left(count: int) -> int:
    """How many have not succeeded."""
    return count - _watch().finished()


@cache
def made() -> Flask:
    """The app, one in a process."""
    return host.create_app()


@cache
def _watch() -> host.Watch:
    return host.Watch(os.environ["BENCH_STORE"])
