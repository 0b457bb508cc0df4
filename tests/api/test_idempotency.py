"""`jobs.accepted_once`: a host's own view that submits, once for an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Response
from sqlalchemy import URL
from werkzeug.test import TestResponse

from app.jobs import Job
from app.jobs.api.idempotency import request_key
from app.jobs.database.statements import execute_all
from app.jobs.store import idempotency

from .api_client import ApiClient, api_client, is_problem

KEY = {"Idempotency-Key": "k"}


@contextmanager
def host(folder: Path, url: URL) -> Iterator[ApiClient]:
    """A host with a Flask-SQLAlchemy of its own."""
    with api_client(folder, url=url) as here:
        yield here
        with here.app.app_context():
            here.app.extensions["sqlalchemy"].engine.dispose()


def add_view(here: ApiClient, before: Callable[[], object] = lambda: None) -> None:
    """`POST /own`, which submits in the host's session, after `before`."""
    here.jobs.handle_errors(here.app)

    def own() -> Response:
        session = here.app.extensions["sqlalchemy"].session

        def submit() -> Job:
            before()
            return here.jobs.submit("add", {"a": 1}, session=session)

        return here.jobs.accepted_once(lambda: "what is asked for", submit, session=session)

    here.app.add_url_rule("/own", "own", own, methods=["POST"])


def test_a_repeated_request_submits_nothing(tmp_path: Path, url: URL) -> None:
    """Without the header each request makes a job, with it the first one does."""
    with host(tmp_path, url) as here:
        add_view(here)
        plain, first, again = (here.client.post("/own", headers=headers) for headers in ({}, KEY, KEY))
        assert {each.status_code for each in (plain, first, again)} == {202}
        assert len({each.get_json()["id"] for each in (plain, first, again)}) == 2
        assert again.headers["Idempotency-Replayed"] == "true"
        assert here.count() == 2


def test_while_another_request_is_in_flight_it_is_refused(tmp_path: Path, url: URL) -> None:
    """The same key, sent again before the first response, is 409 with Retry-After."""
    with host(tmp_path, url) as here:
        inner: list[TestResponse] = []

        def send_again() -> None:
            if not inner:
                inner.append(here.app.test_client().post("/own", headers=KEY))

        add_view(here, send_again)
        assert here.client.post("/own", headers=KEY).status_code == 202
        is_problem(inner[0], 409, "idempotency-in-flight")
        assert inner[0].headers["Retry-After"] == "1"
        assert here.count() == 1


def test_another_process_that_was_first_gives_its_job(tmp_path: Path, url: URL) -> None:
    """A key that is entered between the look and the commit wins: the host's transaction is rolled back."""
    with host(tmp_path, url) as here:

        def be_first() -> None:
            key = request_key("what is asked for")
            assert key is not None
            runtime = here.jobs.runtime
            with runtime.database.write() as conn:
                now = runtime.clock.now()
                execute_all(conn, idempotency.bind_remember(runtime.database.dialect, key, other["id"], now))

        add_view(here, be_first)
        other = here.submit()
        answer = here.client.post("/own", headers=KEY)
        assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (202, "true")
        assert answer.get_json()["id"] == other["id"]
        assert here.count() == 1
