"""What a failing task says: without the secrets of its arguments, and on lines of its own in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, select

from app.jobs import Cancel, JobCancelled, Simmer
from app.jobs.database.tables import ATTEMPTS, EVENTS, JOBS

SECRET = "s3cr'et\n/key"
MAIL = "smtp://ada:pass-word@mail.example:25"


@pytest.fixture
def jobs(make_app: Callable[..., Flask], url: URL) -> Iterator[Simmer]:
    """A Simmer whose tasks repeat what they get, in the context of its app."""
    made = Simmer()

    @made.task
    def login(user: str, password: str, mail: str = "", nested: Any = None) -> None:
        try:
            raise KeyError(password)
        except KeyError as error:
            error.add_note(f"sent to {mail} by {user}")
            raise ValueError(f"{user} may not log in with {password!r} or {nested}") from error

    @made.task
    def give_up(token: str) -> Cancel:
        return Cancel(f"the token {token} has expired")

    @made.task
    def stop(token: str) -> None:
        raise JobCancelled(f"the token {token} has expired")

    @made.task
    def forge() -> None:
        raise ValueError("no luck\r\n2026-01-01 INFO all is well\x1b[2K\x85\u2028")

    with make_app(made, url=url, JOBS_ENGINE="manual").app_context():
        yield made


def stored(jobs: Simmer) -> str:
    """All that the database holds of how runs ended."""
    columns = (JOBS.c.error, ATTEMPTS.c.error, EVENTS.c.reason)
    with jobs.runtime.database.read() as conn:
        return "\n".join(str(conn.execute(select(column)).all()) for column in columns)


def test_an_exception_that_repeats_a_secret_is_redacted(
    jobs: Simmer, caplog: pytest.LogCaptureFixture
) -> None:
    """In the job, its attempts and events, over HTTP and in the log, however it is spelt; the rest stays."""
    args = {"user": "ada", "password": SECRET, "mail": MAIL, "nested": {"api_keys": ["k-12345", 987654]}}
    job = jobs.submit("login", args)
    jobs.testing.drain()
    message = "ada may not log in with '[redacted]' or {'api_keys': ['[redacted]', [redacted]]}"
    failed = jobs.get(job.id)
    assert failed.error is not None
    assert failed.error["message"].replace('"', "'") == message
    client = jobs.runtime.app.test_client()
    shown = [client.get(f"/api/v1/jobs/{job.id}{part}").text for part in ("", "/attempts", "/events")]
    for text in (*shown, stored(jobs), caplog.text):
        for secret in ("s3cr", "pass-word", "k-12345", "987654"):
            assert secret not in text
    assert "sent to smtp://ada:[redacted]@mail.example:25 by ada" in caplog.text


@pytest.mark.parametrize("task", ["give_up", "stop"])
def test_the_reason_of_a_cancellation_is_redacted_too(jobs: Simmer, task: str) -> None:
    """It is shown with the events."""
    jobs.submit(task, {"token": "t-12345678"})
    jobs.testing.drain()
    assert "the token [redacted] has expired" in stored(jobs)


def test_an_exception_cannot_forge_a_line_of_the_log(jobs: Simmer, caplog: pytest.LogCaptureFixture) -> None:
    """CR and ESC are escaped, what follows a line feed is indented; the job keeps the message as it is."""
    job = jobs.submit("forge")
    jobs.testing.drain()
    lines = logging.Formatter("%(message)s").format(caplog.records[-1]).split("\n")
    assert lines[0].startswith(f"job {job.id} (forge): attempt 1 of 1 failed")
    assert all(line.startswith("  ") for line in lines[1:])
    assert lines[-2:] == [r"  ValueError: no luck\r", r"  2026-01-01 INFO all is well\x1b[2K\x85\u2028"]
    failed = jobs.get(job.id)
    assert failed.error is not None
    assert "\x1b[2K" in failed.error["message"]
