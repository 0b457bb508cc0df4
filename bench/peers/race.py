"""Ours and others, end to end: one producer beside the worker, the same task that does nothing.

From the first submission to the moment when the last result is there. The producer submits one by one, from
one thread and from eight; each gets the better of the two. All take turns, each with a server and processes
of its own. A peer whose server is not installed is left out, and the reason is printed.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from ..child import in_child
from ..host import wait_until
from ..servers import process
from ..table import Measured, Row, middle, show
from .brokers import Missing, broker

THREADS: Final = 8
PEERS: Final = {"celery": "redis", "rq": "redis", "huey": None, "procrastinate": "postgresql"}
"""Each with the server that it needs."""
ROWS = (
    Row("peers.rate", "jobs/s end to end, one producer beside the worker", "/s"),
    Row("peers.celery", "the same ÷ Celery on Redis, started state tracked", "×", at_least=10),
    Row("peers.huey", "the same ÷ Huey on SQLite, which keeps no state", "×", at_least=1),
    Row("peers.rq", "the same ÷ RQ on Redis", "×"),
    Row("peers.procrastinate", "the same ÷ Procrastinate on PostgreSQL, without results", "×"),
)


def measure(quick: bool) -> Iterator[Measured]:
    """Race them all, some rounds."""
    count, rounds = (500, 1) if quick else (2_000, 3)
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in ("simmer", *PEERS)}
    for _ in range(rounds):
        for name, rates in taken.items():
            try:
                rates.append(race(name, count))
            except Missing as reason:
                print(f"{name} is skipped: {reason}", file=sys.stderr)
    ours = [max(rates.values()) for rates in taken["simmer"]]
    yield Measured("peers.rate", middle(ours), in_words(taken["simmer"]))
    for name in PEERS:
        if taken[name]:
            pairs = zip(ours, taken[name], strict=True)
            value = middle(mine / max(rates.values()) for mine, rates in pairs)
            yield Measured(f"peers.{name}", value, in_words(taken[name]))


def in_words(rates: list[dict[str, float]]) -> str:
    """Jobs a second, from one thread and from eight."""
    one, eight = (show(middle(rate[threads] for rate in rates)) for threads in ("1", str(THREADS)))
    return f"{one}/s submitted by one thread, {eight}/s by {THREADS}"


def race(name: str, count: int) -> dict[str, float]:
    """Jobs a second by the number of threads that submit. Raises Missing."""
    peer = f"bench.peers.with_{name}"
    with broker(PEERS.get(name)) as server:
        command = in_child(prepare, peer=peer, server=server)
        with process(command, BENCH_STORE=server):
            return dict(in_child(produce, peer=peer, server=server, count=count))


def prepare(peer: str, server: str) -> list[str]:
    """In a process of its own: make what has to be there; returns the command of the worker."""
    module = load(peer, server)
    module.prepare()
    return list(module.worker())


def load(peer: str, server: str = "") -> Any:
    """The module of that peer, which reads where its server is when it is imported."""
    os.environ["BENCH_STORE"] = server
    return importlib.import_module(peer)


def produce(peer: str, server: str, count: int) -> dict[int, float]:
    """In a process of its own: the rate for each number of threads, after a first job has gone through."""
    module, sent, rates = load(peer, server), 1, {}
    module.submit(0)
    wait_until(partial(is_over, module, sent), timeout=60)
    for threads in (1, THREADS):
        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(module.submit, range(count)))
        sent += count
        wait_until(partial(is_over, module, sent), every=0.01)
        rates[threads] = count / (time.perf_counter() - started)
    return rates


def is_over(module: Any, sent: int) -> bool:
    """Whether all that was sent has run."""
    return bool(module.left(sent) <= 0)
