"""The duty that cancels expired jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.database.notifier import Notifier
from app.jobs.execution.receivers import Receivers
from app.jobs.service.job_signals import JobSignals
from app.jobs.store import expiry, queries
from app.jobs.store.job_filters import JobFilters
from app.jobs.store.new_jobs import enqueue
from app.jobs.ticker import expirer
from app.jobs.ticker.expirer import AGAIN_AFTER, CHECK_EVERY, Expirer
from tests.store.factory import new_job


def test_it_cancels_in_time_and_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes back when the next job expires, at once while there are more, and tells who waits."""
    monkeypatch.setattr(expirer, "BATCH", 2)
    clock, notifier = ManualClock(), Notifier()
    signals = JobSignals(Receivers(Flask("host")), database)
    duty = Expirer(database, clock, notifier, signals)
    assert duty.run_once() == CHECK_EVERY
    now = clock.now()
    made = [new_job(created_at=now, run_at=now, expires_at=now + timedelta(seconds=0.25)) for _ in range(3)]
    with database.write() as conn:
        enqueue(conn, made)
    assert duty.run_once() == 0.25
    clock.advance(0.25)
    with notifier.listen(made[0].id) as told:
        assert duty.run_once() == AGAIN_AFTER
        assert told.is_set()
    assert duty.run_once() == CHECK_EVERY
    with database.read() as conn:
        assert queries.count(conn, JobFilters(states=("cancelled",))) == (3, False)
        assert expiry.next_expiry(conn) is None
