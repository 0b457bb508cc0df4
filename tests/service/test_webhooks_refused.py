"""Callbacks that are refused: what is no URL, and who is not listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.jobs import InvalidArguments
from tests.webhooks.receiver import Receiver

from .calling import HOSTS, deliveries_of, simmer

MakeApp = Callable[..., Flask]


BAD = [
    "ftp://127.0.0.1/", "127.0.0.1", "//127.0.0.1/", "http://", "http:///x", "http://127.0.0.1:x/",
    "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://a:b@127.0.0.1/", "http://a@127.0.0.1/",
    "http://127.0.0.1/#x", "http://127.0.0.1/ x", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/\u00e9",
    "http://127.0.0.1\\@evil/", "http://[::1", "http://127.0.0.1/" + "x" * 2_000, "", 7, ["http://127.0.0.1"],
    "javascript:alert(1)", "file:///etc/passwd", "http://127.0.0.1/\0",
]  # fmt: skip


NOT_LISTED = [
    "http://127.0.0.2/", "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://127.1/",
    "http://[::1]/", "http://127.0.0.1.evil.example/", "http://evil.example/?127.0.0.1", "http://127.0.0.1./",
    "http://169.254.169.254/latest/", "http://[fe80::1%25eth0]/",
]  # fmt: skip


@pytest.mark.parametrize("bad", [*BAD, *NOT_LISTED])
def test_another_url_is_refused_at_the_submission(make_app: MakeApp, bad: Any) -> None:
    """What is no URL, or of a host that is not listed, by the pointer of the option; nothing is stored."""
    jobs = simmer()
    with make_app(jobs, JOBS_ENGINE="manual", **HOSTS).app_context():
        with pytest.raises(InvalidArguments) as refused:
            jobs.submit("add", callback_url=bad)
        [place] = refused.value.errors
        assert place["pointer"].startswith("#/callback_url")
        assert ("JOBS_WEBHOOK_HOSTS" in place["detail"]) == (bad in NOT_LISTED)
        assert jobs.list() == []


def test_without_hosts_nothing_can_be_called(make_app: MakeApp) -> None:
    """The message names the setting; it is the same over HTTP."""
    jobs = simmer()
    app = make_app(jobs, JOBS_ENGINE="manual")
    body = {"task": "add", "callback_url": "https://hooks.example.com/"}
    answer = app.test_client().post("/api/v1/jobs", json=body)
    assert answer.status_code == 422
    [place] = answer.get_json()["errors"]
    assert (place["pointer"], "JOBS_WEBHOOK_HOSTS" in place["detail"]) == ("#/callback_url", True)


def test_a_name_of_a_private_address_needs_that_too(make_app: MakeApp, here: Receiver) -> None:
    """A name is listed; what it means is checked when it is called, by each attempt."""
    jobs = simmer()
    config = {**HOSTS, "JOBS_WEBHOOK_HOSTS": ["localhost"]}
    with make_app(jobs, JOBS_ENGINE="manual", **config).app_context():
        job = jobs.submit("add", callback_url=here.url(host="localhost"))
        jobs.testing.drain()
        [delivery] = deliveries_of(jobs, job)
        assert (delivery.state, here.received) == ("retrying", [])
        assert delivery.error is not None
        assert "list it in JOBS_WEBHOOK_HOSTS" in delivery.error["message"]
    config = {**HOSTS, "JOBS_WEBHOOK_HOSTS": "localhost, 127.0.0.0/8,::1"}
    jobs = simmer()
    with make_app(jobs, JOBS_ENGINE="manual", **config).app_context():
        jobs.submit("add", callback_url=here.url(host="localhost"))
        jobs.testing.drain()
        assert len(here.received) == 1


def test_the_places_in_a_batch_over_http_are_named(make_app: MakeApp) -> None:
    """Each by its own pointer; one that is listed is taken."""
    body = {"task": "add", "callback_url": "http://127.0.0.1:9/"}
    client = make_app(simmer(), JOBS_ENGINE="manual", **HOSTS).test_client()
    bad = [{**body, "callback_url": url} for url in ("http://a.example/", "http://[::1]/")]
    answer = client.post("/api/v1/jobs/batch", json={"jobs": [body, *bad]})
    assert answer.status_code == 422
    places = [each["pointer"] for each in answer.get_json()["errors"]]
    assert places == ["#/jobs/1/callback_url", "#/jobs/2/callback_url"]
    assert client.post("/api/v1/jobs/batch", json={"jobs": [body]}).status_code == 202
