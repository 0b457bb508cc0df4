"""What limits cost a claim: nothing where there is none, and one look at what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from app.jobs.database.database import Database

from .claimer import Claimer


@pytest.fixture
def count_statements(database: Database) -> Iterator[Callable[[], list[str]]]:
    """Returns the statements since it was asked last."""
    sent: list[str] = []

    def listen(*args: Any) -> None:
        sent.append(args[2])

    event.listen(database.engine, "before_cursor_execute", listen)

    def since() -> list[str]:
        found = sent.copy()
        sent.clear()
        return found

    yield since
    event.remove(database.engine, "before_cursor_execute", listen)


def test_what_is_not_limited_costs_no_statement(
    database: Database, count_statements: Callable[[], list[str]]
) -> None:
    """A claim and an end are as many statements as without limits."""
    claimer = Claimer(database)
    claimer.submit(2)
    count_statements()
    claimer.end(claimer.claim())
    sent = count_statements()
    ours = [sql for sql in sent if any(table in sql for table in ("limit_keys", "controls", "rate_claims"))]
    assert len(ours) == 3  # those of `Claimer.claim`, which a dispatcher has for other reasons
    assert all(sql.startswith("SELECT") for sql in ours)


def test_blocked_jobs_in_front_are_read_once(
    database: Database, count_statements: Callable[[], list[str]]
) -> None:
    """However many there are: afterwards a claim behind them sends what it would without them."""
    claimer = Claimer(database, concurrency=1)
    claimer.submit(1_000, priority=-1)
    claimer.submit(20, task="free")
    [_] = claimer.claim(1)
    while claimer.parked() < 999:
        claimer.claim(1)
    count_statements()
    [_] = claimer.claim(1)
    behind = count_statements()
    alone = Claimer(database, "worker-2")
    alone.submit(1, task="free", queue="alone")
    count_statements()
    [_] = alone.claim(1, ("alone",))
    assert len(behind) == len(count_statements())
