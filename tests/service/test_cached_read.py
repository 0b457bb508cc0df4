"""A read that is kept for a while: one thread reads for all who ask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from app.jobs import DatabaseUnavailable
from app.jobs.clock import Clock, ManualClock
from app.jobs.database.database import Database
from app.jobs.service.cached_read import CachedRead

from ..support import eventually

SECONDS = 10


def test_it_is_read_again_when_it_is_old(database: Database) -> None:
    """At once with no age allowed, and with one only after it."""
    clock, calls = ManualClock(), list[int]()

    def query(_conn: Connection) -> int:
        calls.append(1)
        return len(calls)

    kept, fresh = CachedRead(database, clock, 1.0, query), CachedRead(database, clock, 0.0, query)
    assert [kept.get(), kept.get(), fresh.get(), fresh.get()] == [1, 1, 2, 3]
    clock.advance(1.0)
    assert kept.get() == 4


@pytest.mark.parametrize("is_away", [False, True])
def test_those_who_ask_meanwhile_share_a_read(database: Database, is_away: bool) -> None:
    """Its result, or its failure: eight that waited for an outage one after the other took half a minute."""
    calls, may_end = list[int](), threading.Event()

    def query(_conn: Connection) -> int:
        calls.append(1)
        assert may_end.wait(SECONDS)
        if is_away:
            raise DatabaseUnavailable("away")
        return 7

    read = CachedRead(database, Clock(), 60.0, query)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(_answer, read.get) for _ in range(8)]
        eventually(lambda: read.queued == 7)
        may_end.set()
        assert [each.result(SECONDS) for each in asked] == ["away" if is_away else 7] * 8
    assert len(calls) == 1


def _answer(call: Callable[[], int]) -> int | str:
    try:
        return call()
    except DatabaseUnavailable as error:
        return str(error)
