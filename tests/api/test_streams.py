"""`GET /jobs/{id}/stream`: server-sent events that can be resumed, within the bound of what may wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.jobs import current_job
from app.jobs.ids import new_id

from .api_client import API, ApiClient, api_client, is_problem
from .streaming import parsed, slots


def add_say(here: ApiClient) -> None:
    """A task that says what it is told in each way."""

    @here.jobs.task
    def say(value: Any, api_key: str = "") -> None:
        current_job.progress(1, 2, data=value)
        current_job.log.info("it is %s", api_key)
        current_job.emit(value)
        try:
            raise ValueError("no luck")
        except ValueError:
            current_job.log.exception("failed")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """An app with that task, whose jobs run when they are drained."""
    with api_client(tmp_path) as made:
        add_say(made)
        yield made


def said(here: ApiClient, value: Any = None, **args: Any) -> str:
    """The path of the stream of a job that has said this and has ended."""
    job = here.submit("say", args={"value": value, **args})
    here.drain()
    return f"/jobs/{job['id']}/stream"


def test_a_stream_is_not_kept_back(here: ApiClient) -> None:
    """Neither by a cache nor by a proxy; it says when to come back, and gives its thread back at its end."""
    response = here.get(said(here))
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.text.startswith("retry: 2000\n\nid: ")
    assert slots(here) == 0


def test_events_are_those_of_the_other_routes(here: ApiClient) -> None:
    """States as in /events, progress as in the job, lines as in /logs; data as it was emitted."""
    path = said(here, {"a": "\r\n\ndata: ☃"})
    job = path.removesuffix("/stream")
    events = parsed(here.get(path).text)
    assert [event.event for event in events] == ["log", "data", "log", "progress", "state"]
    assert events[4].data == here.get(f"{job}/events").get_json()["items"][-1]
    assert [events[0].data, events[2].data] == here.get(f"{job}/logs").get_json()["items"]
    assert events[3].data == here.get(job).get_json()["progress"]
    assert events[1].data == {"a": "\r\n\ndata: ☃"}


def test_a_stream_goes_on_where_it_was_cut(here: ApiClient) -> None:
    """By the header of browsers or by `after`, of which the header is newer; behind all there is 204."""
    path = said(here)
    events = parsed(here.get(path).text)
    for at, event in enumerate(events[:-1]):
        rest = events[at + 1 :]
        assert parsed(here.get(f"{path}?after={event.id}").text) == rest
        headers = {"Last-Event-ID": event.id}
        assert parsed(here.get(f"{path}?after={events[0].id}", headers=headers).text) == rest
    over = here.get(path, headers={"Last-Event-ID": events[-1].id})
    assert (over.status_code, over.get_data(), slots(here)) == (204, b"", 0)


def test_secrets_and_tracebacks_are_for_those_who_may_see_them(tmp_path: Path) -> None:
    """Redacted as everywhere; the traceback of a line only for who may operate; no stream for who may not."""
    tokens = {"reader-of-jobs-1": ["read"], "operator-of-jobs-1": ["operate"]}
    with api_client(tmp_path, api_tokens=tokens) as here:
        add_say(here)
        with here.app.app_context():
            args = {"value": {"password": "p-123456"}, "api_key": "k-12345678"}
            path = f"/jobs/{here.jobs.submit('say', args).id}/stream"
            here.jobs.testing.drain()
        is_problem(here.get(path), 401, "unauthorized")
        for token, (right,) in tokens.items():
            response = here.get(path, headers={"Authorization": f"Bearer {token}"})
            assert not {word for word in ("p-123456", "k-12345678") if word in response.text}
            (line, data, failed, progress, state) = parsed(response.text)
            assert state.data["to"] == "succeeded"
            assert (progress.data["data"], data.data) == ({"password": "[redacted]"},) * 2
            assert line.data["message"] == "it is [redacted]"
            assert (failed.data["traceback"] is not None) == (right == "operate")


def test_a_link_to_a_job_opens_its_stream(tmp_path: Path) -> None:
    """Without what tells of workers and operators, and of no other job."""
    with api_client(tmp_path, api_tokens={"token-operate": ["operate"]}) as here:
        here.app.secret_key = "k" * 32
        with here.app.app_context():
            job, other = here.jobs.submit("add"), here.jobs.submit("add")
            here.jobs.testing.drain()
            path, _, signature = job.url().partition("?")
        (event,) = parsed(here.client.get(f"{path}/stream?{signature}").text)
        assert (event.data["to"], event.data["worker"], event.data["by"]) == ("succeeded", None, None)
        assert here.client.get(f"{path}/stream?{signature}&after={event.id}").status_code == 204
        is_problem(here.get(f"/jobs/{other.id}/stream?{signature}"), 403, "forbidden")


@pytest.mark.parametrize("query", ["after=x", "after=1&after=1", "after=", "level=info", "wait=5"])
def test_a_bad_parameter_is_400(here: ApiClient, query: str) -> None:
    """Nothing else than what is documented is understood."""
    is_problem(here.get(f"{said(here)}?{query}"), 400, "bad-parameter")


@pytest.mark.parametrize("sent", ["x", "1", "\x00", "é", "-1-0.0-0.0-0", "1-0.0-0.0-0, 1-0.0-0.0-0"])
def test_an_id_that_no_stream_gave_is_400(here: ApiClient, sent: str) -> None:
    """Whatever bytes a client sends back."""
    is_problem(here.get(said(here), headers={"Last-Event-ID": sent}), 400, "bad-parameter")


def test_an_unknown_job_has_no_stream(here: ApiClient) -> None:
    """404, as for the job itself."""
    is_problem(here.get(f"/jobs/{new_id()}/stream"), 404, "not-found")
    is_problem(here.get("/jobs/x/stream"), 404, "not-found")


def test_head_and_other_methods(here: ApiClient) -> None:
    """HEAD has the headers and holds nothing; what else there is says Allow."""
    path = f"/jobs/{here.submit()['id']}/stream"
    head = here.client.head(API + path)
    assert (head.status_code, head.get_data(), slots(here)) == (200, b"", 0)
    assert head.headers["Content-Type"].startswith("text/event-stream")
    assert here.post(path, {}).headers["Allow"] == "GET, HEAD, OPTIONS"


def test_pages_of_other_origins_may_follow(tmp_path: Path) -> None:
    """Those that are listed, with a token; they may say where they were."""
    page = "https://app.example.com"
    config: dict[str, Any] = {"api_tokens": {"token-operate": ["operate"]}, "cors_origins": [page]}
    with api_client(tmp_path, **config) as here:
        headers = {"Authorization": "Bearer token-operate", "Origin": page}
        with here.app.app_context():
            path = f"{API}/jobs/{here.jobs.submit('add').id}/stream"
            here.jobs.testing.drain()
        response: TestResponse = here.client.get(path, headers=headers)
        assert response.headers["Access-Control-Allow-Origin"] == page
        asked = {"Origin": page, "Access-Control-Request-Method": "GET"}
        allowed = here.client.open(path, method="OPTIONS", headers=asked).headers
        assert "Last-Event-ID" in allowed["Access-Control-Allow-Headers"]
