"""What the service costs while nothing is to be done, and what of its memory jobs leave behind.

The idle process is `python run.py` as `make run` starts it (HTTP, pool, ticker, its own schedules), asked for
one page and left alone. Memory grows in a host under gunicorn, which is given 100,000 jobs over HTTP in
batches of 1,000: what is counted is its resident memory after the last of them less that before the first.
Every job and its history is kept in the database.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Final
from urllib.request import Request, urlopen

from .host import folder, wait_until, watching
from .proc import children, rss_mb, use_over
from .servers import API, HOST, answers, free_port, process, serve
from .table import Measured, Row, show

SETTLED_AFTER: Final = 8.0
BATCH: Final = 1_000
ROWS = (
    Row("idle.cpu", "idle process: CPU, of one core", "%", at_most=0.3),
    Row("idle.wakeups", "idle process: wake-ups", "/s", at_most=30),
    Row("idle.memory", "resident memory of an idle service", "MB", at_most=80),
    Row("idle.growth", "its growth over 100,000 jobs", "MB", at_most=15),
)


def measure(quick: bool) -> Iterator[Measured]:
    """Watch the service do nothing, then a host do a lot."""
    with folder() as place:
        port = free_port()
        command = [sys.executable, "run.py", "--port", str(port)]
        with process(command, DATABASE_URL=f"sqlite:///{place / 'service.db'}") as service:
            wait_until(lambda: answers(port), timeout=30)
            urlopen(f"http://127.0.0.1:{port}/").read()
            time.sleep(SETTLED_AFTER)
            use = use_over(service.pid, 5 if quick else 20)
            yield Measured("idle.cpu", use.percent)
            yield Measured("idle.wakeups", use.wakeups)
            yield Measured("idle.memory", rss_mb(service.pid))
    yield growth(10_000 if quick else 100_000)


def growth(count: int) -> Measured:
    """Resident memory after `count` jobs less that before the first one."""
    with folder() as place:
        path = place / "growth.db"
        with serve("gunicorn", HOST, path) as server, watching(path) as watch:
            urlopen(f"http://127.0.0.1:{server.port}{API}").read()
            time.sleep(SETTLED_AFTER)
            (pid,) = children(server.pid)
            before = rss_mb(pid)
            for _ in range(count // BATCH):
                submit_batch(server.port)
                wait_until(watch.all_done)
            after = rss_mb(pid)
    return Measured("idle.growth", after - before, f"from {show(before)} to {show(after)} MB, {count:,} jobs")


def submit_batch(port: int) -> None:
    """A thousand jobs in one request."""
    body = {"jobs": [{"task": "bench.noop", "args": {"number": number}} for number in range(BATCH)]}
    headers = {"Content-Type": "application/json"}
    address = f"http://127.0.0.1:{port}{API}/batch"
    with urlopen(Request(address, json.dumps(body).encode(), headers)) as answer:
        answer.read()
