"""Checks of this process: whether threads run in it as threads, and whether ours do."""

from __future__ import annotations

from collections.abc import Iterator

from ...process.environment import lacks_threads, patched_by
from ...values import Finding
from .examined import Examined


def check(examined: Examined) -> Iterator[Finding]:
    """All of them."""
    if (library := patched_by()) is not None:
        words = f"{library} has replaced the threads of this process: one busy job stops every request"
        yield Finding.serious("threads", words, "run jobs in `flask jobs worker`, and here JOBS_ROLE=web")
    if lacks_threads():
        words = "uWSGI runs without threads of the application's own: no job runs here"
        yield Finding.serious("threads", words, "set enable-threads = true, and lazy-apps = true")
    for name, problem in examined.problems().items():
        yield Finding.serious(name, problem, "the log of this process says more")
