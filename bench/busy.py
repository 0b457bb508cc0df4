"""How long HTTP waits while eight jobs hold the processor: in the same process, and in a worker beside it.

16 connections send one request each in 80 ms, 200 a second in all, which a server with nothing else to do
answers at once: what is measured is the time to an answer, not how many there can be. Each is `GET
/jobs/{id}`. The idle p99 comes from the same server just before the jobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .child import in_child
from .host import folder, wait_until, watching
from .http import check, post, requests_to
from .load import send
from .servers import HOST, serve, worker
from .table import Measured, Row, middle, show

JOBS: Final = 8
EVERY: Final = 0.08
ROWS = (
    Row("busy.same", "HTTP p99 while 8 CPU-bound jobs run in the same process", "ms"),
    Row("busy.beside", "the same with JOBS_ROLE=web beside `flask jobs worker` ÷ idle p99", "×", at_most=3),
)


def measure(quick: bool) -> Iterator[Measured]:
    """In one process, then in two."""
    seconds, rounds = (2.0, 1) if quick else (5.0, 3)
    with folder() as place, serve("gunicorn", HOST, place / "busy.db") as server:
        idle, busy = compare(server.port, place / "busy.db", seconds, rounds)
        yield Measured("busy.same", middle(busy), f"idle {show(middle(idle))} ms")
    with folder() as place, serve("gunicorn", HOST, place / "busy.db", FLASK_JOBS_ROLE="web") as server:
        with worker(place / "busy.db"):
            idle, busy = compare(server.port, place / "busy.db", seconds, rounds)
        ratio = middle(b / i for i, b in zip(idle, busy, strict=True))
        yield Measured("busy.beside", ratio, f"{show(middle(busy))} ms, idle {show(middle(idle))} ms")


def compare(port: int, path: Path, seconds: float, rounds: int) -> tuple[list[float], list[float]]:
    """p99 in ms of each round, without and with the jobs."""
    text = requests_to(port)["get"]
    idle, busy = [], []
    with watching(path) as watch:
        for _ in range(rounds):
            wait_until(watch.all_done)
            idle.append(p99(port, text, seconds))
            for _ in range(JOBS):
                post(port, json.dumps({"task": "bench.spin", "args": {"seconds": seconds + 2}}))
            wait_until(lambda: watch.running() == JOBS)
            busy.append(p99(port, text, seconds))
    return idle, busy


def p99(port: int, text: str, seconds: float) -> float:
    """In ms, at 200 requests a second."""
    load = in_child(send, port=port, requests=[text], seconds=seconds, every=EVERY)
    check(load, {"200"})
    return float(load["p99"])
