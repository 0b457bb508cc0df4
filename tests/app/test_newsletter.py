"""`newsletter.send` against a real mail server, also after a crash."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app import newsletter
from app.extensions import db, jobs
from app.models import SENDING, SENT, Delivery

from .conftest import ServiceFactory
from .postbox import LETTER, Postbox, add_people
from .support import people


def send(app: Flask) -> Any:
    """Submit a letter and run it to its end; the job."""
    with app.app_context():
        job = newsletter.send.submit(**LETTER)
        jobs.testing.drain()
        return jobs.get(job.id)


def test_everybody_gets_one_message(
    make_service: ServiceFactory, url: URL, postbox: Postbox, smtp_url: str
) -> None:
    """All users, 50 over each connection, with subject and body intact and progress to the end."""
    app = make_service(url, SMTP_URL=smtp_url)
    add_people(app, 120)
    job = send(app)
    assert job.result == {"sent": 120, "refused": 0, "uncertain": 0, "errors": []}
    assert postbox.recipients == [email for _, email, _ in people(120)]
    assert sorted(postbox.connections.values()) == [20, 50, 50]
    assert (job.progress.current, job.progress.total) == (120, 120)
    assert "Subject: =?utf-8?" in postbox.messages[0][1]


def test_a_refusal_is_reported_and_the_others_are_mailed(
    make_service: ServiceFactory, postbox: Postbox, smtp_url: str
) -> None:
    """The server's words stand in the result."""
    app = make_service(SMTP_URL=smtp_url)
    add_people(app, 3)
    postbox.refused = {"person1@example.com"}
    assert send(app).result == {
        "sent": 2,
        "refused": 1,
        "uncertain": 0,
        "errors": [{"email": "person1@example.com", "state": "refused", "reason": "550 no such user"}],
    }
    assert postbox.recipients == ["person0@example.com", "person2@example.com"]


def test_after_a_crash_nobody_is_mailed_twice(
    make_service: ServiceFactory, postbox: Postbox, smtp_url: str
) -> None:
    """Who was sent to is left out, who was being sent to is uncertain, the others get their message."""
    app = make_service(SMTP_URL=smtp_url)
    add_people(app, 5)
    with app.app_context():
        job = newsletter.send.submit(**LETTER)
        for user, state in ((1, SENT), (2, SENT), (3, SENDING)):
            db.session.add(Delivery(job_id=job.id, user_id=user, state=state))
        db.session.commit()
        jobs.testing.drain()
        result = jobs.get(job.id).result
    assert postbox.recipients == ["person3@example.com", "person4@example.com"]
    assert result == {
        "sent": 4,
        "refused": 0,
        "uncertain": 1,
        "errors": [{"email": "person2@example.com", "state": "uncertain", "reason": None}],
    }


def test_a_server_that_hangs_up_leaves_one_address_uncertain(
    make_service: ServiceFactory, postbox: Postbox, smtp_url: str
) -> None:
    """The attempt fails, the next one goes on behind the address in question."""
    app = make_service(SMTP_URL=smtp_url)
    add_people(app, 5)
    postbox.hang_up_at = 2
    with app.app_context():
        job = newsletter.send.submit(**LETTER)
        jobs.testing.drain()
        assert jobs.get(job.id).state == "retrying"
        jobs.testing.advance("1h")
        jobs.testing.drain()
        job = jobs.get(job.id)
    assert (job.state, job.attempt) == ("succeeded", 2)
    assert (job.result["sent"], job.result["uncertain"]) == (4, 1)
    assert [error["email"] for error in job.result["errors"]] == ["person2@example.com"]
    assert sorted(postbox.recipients) == [f"person{number}@example.com" for number in (0, 1, 3, 4)]


def test_a_server_that_is_away_marks_nobody(make_service: ServiceFactory) -> None:
    """Without a connection nothing was handed over: another attempt follows, nobody is uncertain."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        app = make_service(SMTP_URL=f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        add_people(app, 2)
        job = send(app)
    assert job.state == "retrying"
    with app.app_context():
        assert db.session.query(Delivery).count() == 0


def test_a_letter_to_nobody_is_sent(make_service: ServiceFactory, smtp_url: str) -> None:
    """No users, no connection, a result of zeros."""
    assert send(make_service(SMTP_URL=smtp_url)).result == {
        "sent": 0,
        "refused": 0,
        "uncertain": 0,
        "errors": [],
    }


def test_without_a_mail_server_the_submission_is_refused(make_service: ServiceFactory) -> None:
    """From HTTP and from Python alike, saying what to set."""
    app = make_service()
    answer = app.test_client().post("/api/v1/jobs", json={"task": "newsletter.send", "args": LETTER})
    assert answer.status_code == 422
    assert "SMTP_URL" in answer.text
    from app.jobs import InvalidArguments

    with app.app_context(), pytest.raises(InvalidArguments, match="SMTP_URL"):
        newsletter.send.submit(**LETTER)


@pytest.mark.parametrize(
    "args", [{**LETTER, "subject": "a\nBcc: x@example.com"}, {**LETTER, "body": "\0"}, {}]
)
def test_a_letter_that_cannot_be_mailed_is_refused(make_service: ServiceFactory, args: Any) -> None:
    """A subject of two lines would write headers of its own."""
    app = make_service(SMTP_URL="smtp://127.0.0.1:1")
    answer = app.test_client().post("/api/v1/jobs", json={"task": "newsletter.send", "args": args})
    assert answer.status_code == 422
