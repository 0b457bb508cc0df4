"""`newsletter.send` while its mail server is away."""

from __future__ import annotations

import socket

from aiosmtpd.controller import Controller

from app import newsletter
from app.extensions import db, jobs
from app.models import Delivery

from .conftest import ServiceFactory
from .postbox import LETTER, Postbox, add_people
from .support import people


def test_it_outlives_an_outage_of_an_hour(make_service: ServiceFactory, postbox: Postbox) -> None:
    """With time to spare: minute by minute it is retrying, then everybody gets a message and nobody two."""
    waits = [newsletter.patience(attempt) for attempt in range(1, newsletter.ATTEMPTS)]
    assert sum(waits) > 75 * 60
    assert max(waits) <= 300
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        app = make_service(SMTP_URL=f"smtp://127.0.0.1:{port}")
        add_people(app, 3)
        with app.app_context():
            job = newsletter.send.submit(**LETTER)
            for _ in range(60):
                jobs.testing.drain()
                assert jobs.get(job.id).state == "retrying"
                jobs.testing.advance("1m")
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with app.app_context():
            jobs.testing.advance("5m")
            jobs.testing.drain()
            job = jobs.get(job.id)
    finally:
        controller.stop()
    assert job.result == {"sent": 3, "refused": 0, "uncertain": 0, "errors": []}
    assert postbox.recipients == [email for _, email, _ in people(3)]


def test_a_server_that_says_later_refuses_nobody(
    make_service: ServiceFactory, postbox: Postbox, smtp_url: str
) -> None:
    """It had nothing of the message: the recipient stays to be mailed, and gets it once it says yes."""
    app = make_service(SMTP_URL=smtp_url)
    add_people(app, 4)
    postbox.later_at = 2
    with app.app_context():
        job = newsletter.send.submit(**LETTER)
        jobs.testing.drain()
        failed = jobs.get(job.id)
        assert failed.state == "retrying"
        assert "451 try again later" in str(failed.error)
        assert db.session.query(Delivery).count() == 2
        postbox.later_at = None
        jobs.testing.advance("10s")
        jobs.testing.drain()
        job = jobs.get(job.id)
    assert job.result == {"sent": 4, "refused": 0, "uncertain": 0, "errors": []}
    assert postbox.recipients == [email for _, email, _ in people(4)]


def test_progress_never_goes_back(make_service: ServiceFactory, postbox: Postbox, smtp_url: str) -> None:
    """An attempt that gets no further shows what those before it have done."""
    app = make_service(SMTP_URL=smtp_url)
    add_people(app, 60)
    shown = []
    with app.app_context():
        job = newsletter.send.submit(**LETTER)
        for postbox.later_at in (55, 55, 57, None):
            jobs.testing.drain()
            shown.append((jobs.get(job.id).progress.current, jobs.get(job.id).progress.total))
            jobs.testing.advance("5m")
    assert shown == [(50, 60), (55, 60), (55, 60), (60, 60)]
