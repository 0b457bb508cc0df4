"""Callbacks: whom the end of a job is told, by which jobs, and what becomes of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, func, select

from app.jobs.database.tables import CALLBACKS, DEPENDENCIES, JOBS
from app.jobs.tasks.submission import BatchSubmission, Submission
from app.jobs.webhooks import HEADER, client, verify
from tests.webhooks.receiver import Receiver

from .calling import HOSTS, SECRET, deliveries_of, simmer

MakeApp = Callable[..., Flask]


@pytest.mark.parametrize("task", ["add", "fail", "give_up"])
def test_a_callback_is_called_once_when_the_job_has_ended(
    make_app: MakeApp, url: URL, here: Receiver, task: str
) -> None:
    """With the job as the API shows it, signed; the delivery is a job with its status and duration."""
    jobs = simmer()
    with make_app(jobs, url, JOBS_ENGINE="manual", **HOSTS).app_context():
        args = {} if task == "give_up" else {"password": "opensesame"}
        job = jobs.submit(task, args=args, callback_url=here.url("/hook?x=1"), queue="default")
        assert deliveries_of(jobs, job) == []
        jobs.testing.drain()
        job, [delivery], [got] = jobs.get(job.id), deliveries_of(jobs, job), here.received
        assert got.path == "/hook?x=1"
        assert list(got.body) == ["event", "at", "job"]
        assert (got.body["event"], got.body["job"]["state"]) == (f"job_{job.state}", job.state)
        assert got.body["at"] == got.body["job"]["finished_at"]
        assert (got.body["job"]["id"], got.body["job"]["result"]) == (job.id, job.result)
        assert "opensesame" not in got.raw.decode()
        assert got.headers["X-Simmer-Delivery"] == delivery.id
        assert got.headers["Content-Type"] == "application/json"
        assert verify(got.raw, got.headers[HEADER], SECRET)
        assert (delivery.state, delivery.task, delivery.queue) == ("succeeded", "simmer.webhook", job.queue)
        assert delivery.result == {"status": 204, "seconds": delivery.result["seconds"]}
        assert jobs.logs(delivery.id)[-1].message.startswith("answered 204 after ")
        assert here.url() not in json.dumps(delivery.args, default=str)


def test_however_a_job_ends_it_is_told(make_app: MakeApp, url: URL, here: Receiver) -> None:
    """Cancelled, expired, cancelled for a parent, in bulk, and once more after each retry."""
    jobs = simmer()
    with make_app(jobs, url, JOBS_ENGINE="manual", **HOSTS).app_context():
        call = {"callback_url": here.url()}
        cancelled = jobs.submit("add", delay=60, **call)  # type: ignore[arg-type]
        many = jobs.submit("add", delay=60, **call)  # type: ignore[arg-type]
        bad = jobs.submit("fail", delay=1)
        child = jobs.submit("add", depends_on=bad, **call)  # type: ignore[arg-type]
        jobs.cancel(cancelled.id)
        jobs.cancel_many([many.id])
        jobs.testing.advance(2)
        jobs.testing.drain()
        cancels = {("job_cancelled", job.id) for job in (cancelled, many, child)}
        assert set(here.events) == cancels
        assert len(here.received) == 3
        jobs.retry(cancelled.id)
        jobs.testing.drain()
        assert here.events[3:] == [("job_succeeded", cancelled.id)]
        # The child waits again: nothing has ended.
        jobs.retry(bad.id)
        assert jobs.get(child.id).state == "waiting"
        jobs.testing.drain()
        assert here.events[4:] == [("job_cancelled", child.id)]
        late = jobs.submit("add", args={"a": 1}, depends_on=cancelled, **call)  # type: ignore[arg-type]
        never = jobs.submit("add", depends_on=bad, **call)  # type: ignore[arg-type]
        jobs.testing.drain()
        assert set(here.events[5:]) == {("job_succeeded", late.id), ("job_cancelled", never.id)}


def test_each_job_of_a_batch_and_of_many_has_its_own(make_app: MakeApp, url: URL, here: Receiver) -> None:
    """Also where the batch is awaited, whose counts stay right."""
    jobs = simmer()
    with make_app(jobs, url, JOBS_ENGINE="manual", **HOSTS).app_context():
        add = jobs.registry.tasks["add"]
        options: Any = {"callback_url": here.url()}
        each = [Submission(add.name, {"a": n}, options) for n in range(3)]
        done = Submission(add.name, {"a": 9}, options)
        batch, _ = jobs.runtime.submissions.submit_batch(BatchSubmission(each, on_done=done))
        jobs.runtime.submissions.submit_batch(BatchSubmission(each))
        jobs.runtime.submissions.submit_many(each)
        jobs.testing.drain()
        assert len(here.events) == len(set(here.events)) == 10
        assert jobs.get_batch(batch.id).counts["succeeded"] == 3


def test_a_job_that_is_found_or_replaced(make_app: MakeApp, url: URL, here: Receiver) -> None:
    """The one that is there keeps its callback; a replacement brings its own."""
    jobs = simmer()
    with make_app(jobs, url, JOBS_ENGINE="manual", **HOSTS).app_context():
        first = jobs.submit("add", unique_key="k", delay=5, callback_url=here.url("/first"))
        again = jobs.submit("add", unique_key="k", callback_url=here.url("/second"))
        assert again.id == first.id
        jobs.submit("add", unique_key="r", delay=5)
        jobs.submit("add", unique_key="r", delay=5, on_conflict="replace", callback_url=here.url("/a"))
        jobs.submit("add", unique_key="r", delay=5, on_conflict="replace", callback_url=here.url("/b"))
        jobs.testing.advance(6)
        jobs.testing.drain()
        assert sorted(got.path for got in here.received) == ["/b", "/first"]


def test_a_failure_is_tried_again_later(make_app: MakeApp, here: Receiver) -> None:
    """Whatever is no 2xx, with each status in its attempt; the same delivery, signed anew."""
    jobs = simmer()
    here.statuses = [500, 302, 404]
    with make_app(jobs, JOBS_ENGINE="manual", **HOSTS).app_context():
        job = jobs.submit("add", callback_url=here.url())
        for _ in range(4):
            jobs.testing.drain()
            jobs.testing.advance(60)
        [delivery] = deliveries_of(jobs, job)
        assert (delivery.state, delivery.attempt) == ("succeeded", 4)
        errors = [each["error"] for each in jobs.runtime.jobs.attempts(delivery.id)]
        assert [error and error["message"].split(" after")[0] for error in errors] == [
            "answered 500", "answered 302", "answered 404", None,
        ]  # fmt: skip
        assert {got.headers["X-Simmer-Delivery"] for got in here.received} == {delivery.id}
        assert len({got.raw for got in here.received}) == 1


def test_a_receiver_that_is_gone_is_not_called_again(make_app: MakeApp, here: Receiver) -> None:
    """By the status 410."""
    jobs = simmer()
    here.statuses = [410]
    with make_app(jobs, JOBS_ENGINE="manual", **HOSTS).app_context():
        job = jobs.submit("add", callback_url=here.url())
        jobs.testing.drain()
        [delivery] = deliveries_of(jobs, job)
        assert (delivery.state, delivery.attempt, len(here.received)) == ("failed", 1, 1)


def test_a_delivery_of_what_was_deleted_is_cancelled(make_app: MakeApp, here: Receiver) -> None:
    """There is nothing to tell any more."""
    jobs = simmer()
    here.statuses = [500]
    with make_app(jobs, JOBS_ENGINE="manual", **HOSTS).app_context():
        job = jobs.submit("add", callback_url=here.url())
        jobs.testing.drain()
        [delivery] = deliveries_of(jobs, job)
        jobs.delete(job.id)
        jobs.testing.advance(60)
        jobs.testing.drain()
        assert (jobs.get(delivery.id).state, len(here.received)) == ("cancelled", 1)


def test_what_has_no_callback_is_stored_as_before(make_app: MakeApp, here: Receiver) -> None:
    """No row, no flag and no delivery, whatever the settings are."""
    jobs = simmer()
    with make_app(jobs, JOBS_ENGINE="manual", **HOSTS).app_context():
        jobs.submit("add")
        jobs.testing.drain()
        with jobs.runtime.database.read() as conn:
            for table in (CALLBACKS, DEPENDENCIES):
                assert conn.scalar(select(func.count()).select_from(table)) == 0
            assert list(conn.execute(select(JOBS.c.task, JOBS.c.awaited))) == [("add", None)]
        assert here.received == []


def wait_a_second(_handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing."""
    threading.Event().wait(1)


def test_a_receiver_that_does_not_answer_holds_one_thread(
    make_app: MakeApp, here: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many deliveries to it one waits for it at a time, the others are tried later, and all arrive."""
    jobs = simmer()
    monkeypatch.setattr(client, "STEP_LIMIT", 0.2)
    here.answer = wait_a_second
    with make_app(jobs, JOBS_ENGINE="manual", **HOSTS).app_context():
        made = [jobs.submit("add", callback_url=here.url()) for _ in range(4)]
        jobs.testing.drain()
        assert len(here.received) == 1
        words = [(each.state, each.error and each.error["message"]) for each in jobs.list(state="retrying")]
        assert len(words) == 4
        assert sum("left alone" in str(message) for _, message in words) == 3
        here.answer = None
        for _ in range(2):
            jobs.testing.advance(60)
            jobs.testing.drain()
        assert {id for _, id in here.events} == {job.id for job in made}


def test_a_callback_joins_the_callers_transaction(make_app: MakeApp, url: URL, here: Receiver) -> None:
    """It is there if and only if the job is."""
    jobs, db = simmer(), SQLAlchemy()
    with make_app(jobs, url, db=db, JOBS_ENGINE="manual", **HOSTS).app_context():
        jobs.submit("add", session=db.session, callback_url=here.url("/dropped"))
        db.session.rollback()
        jobs.submit("add", session=db.session, callback_url=here.url("/kept"))
        db.session.commit()
        jobs.testing.drain()
        assert [got.path for got in here.received] == ["/kept"]
