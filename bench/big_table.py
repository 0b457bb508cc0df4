"""The same with 1,000,000 finished jobs in the table, each with its attempt and its events.

The drains of an empty and of the big database take turns. The pages are asked for over one connection, one
after the other, from a server that does nothing else: the median time to an answer, which is a little more
than what the server itself needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .child import in_child
from .drain import drain, ours
from .history import store_finished
from .host import folder
from .http import check
from .load import request, send
from .servers import API, HOST, serve
from .table import Measured, Row, middle, show

PAGES: Final = {"big_table.failed": f"{API}?state=failed&limit=50", "big_table.stats": "/api/v1/stats"}
ROWS = (
    Row("big_table.drain", "drain with 1,000,000 finished jobs ÷ with none", "×", at_least=0.9),
    Row("big_table.failed", "GET /jobs?state=failed page of 50, at 1,000,000 jobs", "ms", at_most=20),
    Row("big_table.stats", "GET /stats, at 1,000,000 jobs", "ms", at_most=5),
)


def measure(quick: bool) -> Iterator[Measured]:
    """Fill a database, then drain and ask."""
    count, queued, rounds = (100_000, 5_000, 1) if quick else (1_000_000, 20_000, 3)
    with folder() as place:
        path = place / "big.db"
        in_child(store_finished, path=str(path), count=count)
        rates = [
            (in_child(drain, path=str(path), count=queued), in_child(ours, count=queued))
            for _ in range(rounds)
        ]
        big, empty = (middle(side) for side in zip(*rates, strict=True))
        detail = f"{show(big)}/s with {count:,} jobs, {show(empty)}/s without"
        yield Measured("big_table.drain", middle(mine / its for mine, its in rates), detail)
        with serve("gunicorn", HOST, path, FLASK_JOBS_ROLE="web") as server:
            for name, page in PAGES.items():
                yield Measured(name, answer_ms(server.port, page, 1.0 if quick else 3.0))


def answer_ms(port: int, page: str, seconds: float) -> float:
    """The median time to an answer."""
    load = in_child(send, port=port, requests=[request("GET", page)], seconds=seconds, connections=1)
    check(load, {"200"})
    return float(load["p50"])
