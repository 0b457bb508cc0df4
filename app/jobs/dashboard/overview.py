"""The first page: how it goes, what runs, what failed, what fires next."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from flask import request
from werkzeug import Response

from ..service import runtime
from ..service.overview_values import Bucket
from .chart import HEIGHT, WIDTH, chart_of
from .formatting import iso
from .rendering import page, path_of

WINDOWS: Final = {
    "1h": ("hour", timedelta(hours=1)),
    "24h": ("day", timedelta(days=1)),
    "7d": ("week", timedelta(days=7)),
}
MOST_RUNNING: Final = 10
MOST_FAILURES: Final = 8


def show_overview() -> Response:
    """`GET /`: the overview of a window: `?window=1h`, `24h` or `7d`."""
    window = request.args.get("window", "1h")
    if window not in WINDOWS:
        window = "1h"
    overview, now = runtime().overview, runtime().clock.now()
    ended = overview.throughput(window)
    return page(
        "overview.html",
        window=window, windows=WINDOWS, counts=overview.counts(), percentiles=overview.percentiles(window),
        chart=chart_of(ended.items), width=WIDTH, height=HEIGHT, ended_in=partial(_ended_in, ended.step),
        running=overview.running(MOST_RUNNING), fires=overview.next_fires(5), health=_health(),
        failures=overview.failures(now - WINDOWS[window][1], MOST_FAILURES), since=now - WINDOWS[window][1],
    )  # fmt: skip


def _ended_in(step: int, bucket: Bucket) -> str:
    """The path of the list of the jobs that a bar stands for."""
    end = bucket.at + timedelta(seconds=step)
    return path_of("list_jobs", finished_after=iso(bucket.at), finished_before=iso(end))


def _health() -> list[tuple[str, str, bool]]:
    """What `ready` says is wrong or to be known: name, sentence, whether it is serious."""
    status = runtime().status
    _, checks = status.ready()
    found = [(name, check.get("detail", ""), True) for name, check in checks.items() if not check["ok"]]
    for check in checks.values():
        if late := check.get("overdue"):
            found.append(("schedules", f"overdue: {', '.join(late)}", False))
    warnings = status.warnings(checks["database"]["ok"])
    return [*found, *((name, text, False) for name, text in warnings.items())]
