"""Alerts: what is told to JOBS_ALERT_URL."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import URL

from app.jobs.webhooks import HEADER
from tests.support import eventually, job_is
from tests.webhooks.receiver import Receiver

from .calling import HOSTS, deliveries_of, simmer

MakeApp = Callable[..., Flask]


def test_failures_are_told_to_the_alert_url(make_app: MakeApp, url: URL, here: Receiver) -> None:
    """Each job that has failed for good, and nothing else; not the failure of a delivery."""
    jobs = simmer()
    with make_app(jobs, url, JOBS_ENGINE="manual", JOBS_ALERT_URL=here.url("/alert")).app_context():
        failed = jobs.submit("fail", args={"password": "opensesame"}, max_attempts=2)
        jobs.submit("add")
        jobs.submit("give_up")
        jobs.testing.drain()
        assert here.received == []
        here.statuses = [410]
        jobs.testing.advance(60)
        jobs.testing.drain()
        [got] = here.received
        assert (got.path, here.events, HEADER in got.headers) == (
            "/alert", [("job_failed", failed.id)], False,
        )  # fmt: skip
        assert "opensesame" not in got.raw.decode()
        [delivery] = deliveries_of(jobs, failed)
        assert delivery.state == "failed"
        assert deliveries_of(jobs, delivery) == []


def test_workers_deliver_and_alert(make_app: MakeApp, url: URL, here: Receiver) -> None:
    """In threads too: a callback and an alert, soon."""
    jobs = simmer()
    config = {**HOSTS, "JOBS_ALERT_URL": here.url("/alert")}
    with make_app(jobs, url, JOBS_THREADS=2, **config).app_context():
        jobs.start()
        failed = jobs.submit("fail", callback_url=here.url("/hook"))
        eventually(lambda: len(here.received) == 2)
        assert sorted(got.path for got in here.received) == ["/alert", "/hook"]
        assert set(here.events) == {("job_failed", failed.id)}
        for each in deliveries_of(jobs, failed):
            eventually(job_is(jobs, each.id, "succeeded"))
