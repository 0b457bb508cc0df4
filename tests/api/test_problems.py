"""Errors inside the API are problem documents; the host's own pages stay the host's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from sqlalchemy import make_url

from app.jobs import errors
from app.jobs.api import problems
from app.jobs.database import sqlite

from .api_client import API, api_client, is_problem


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nothing",
        "/jobs/",
        "//jobs",
        "/jobs//result",
        "/a%0Ab",
        "/jobs/x/y/z",
        "/queue",
        "/jobs/%2F",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "FOO"])
def test_an_unknown_address_is_404(tmp_path: Path, path: str, method: str) -> None:
    """Below the prefix every unknown address is a 404 problem, whatever the method."""
    with api_client(tmp_path) as here:
        is_problem(here.client.open(API + path, method=method), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/jobs/x", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("PUT", "/jobs", "GET, HEAD, POST, OPTIONS"),
        ("GET", "/jobs/x/cancel", "POST, OPTIONS"),
        ("POST", "/tasks", "GET, HEAD, OPTIONS"),
        ("DELETE", "/schedules", "GET, HEAD, POST, OPTIONS"),
        ("FOO", "/health/live", "GET, HEAD, OPTIONS"),
        ("TRACE", "/stats", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_405(tmp_path: Path, method: str, path: str, allow: str) -> None:
    """A known address with another method is 405, and Allow says which it takes."""
    with api_client(tmp_path) as here:
        response = here.client.open(API + path, method=method)
        is_problem(response, 405, "method-not-allowed")
        assert response.headers["Allow"] == allow


def test_options_says_what_there_is(tmp_path: Path) -> None:
    """OPTIONS of a known address answers with Allow, without a token; of an unknown one it is 404."""
    with api_client(tmp_path, api_tokens={"token-one": ["read"]}) as here:
        response = here.client.options(f"{API}/jobs")
        assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
        token = {"Authorization": "Bearer token-one"}
        is_problem(here.client.options(f"{API}/nothing", headers=token), 404, "not-found")


def test_head_of_an_unknown_address_has_no_body(tmp_path: Path) -> None:
    """HEAD is answered as GET, without the document."""
    with api_client(tmp_path) as here:
        response = here.client.head(f"{API}/nothing")
        assert (response.status_code, response.data) == (404, b"")


def own_pages(app: Flask) -> None:
    """Give the host error pages of its own."""
    app.register_error_handler(404, lambda error: ("my own 404", 404))
    app.register_error_handler(405, lambda error: ("my own 405", 405))
    app.register_error_handler(Exception, lambda error: ("my own 500", 500))


def test_the_hosts_error_pages_stay_the_hosts(tmp_path: Path) -> None:
    """Outside the prefix the host's pages answer, inside the problems do, whoever registered first."""
    with api_client(tmp_path) as here:
        own_pages(here.app)
        here.app.add_url_rule("/only-get", view_func=lambda: "got")
        assert here.client.get("/nothing").data == b"my own 404"
        assert here.client.get("/api/v11/jobs").data == b"my own 404"
        assert here.client.post("/only-get").data == b"my own 405"
        is_problem(here.get("/nothing"), 404, "not-found")
        is_problem(here.get("/jobs/x"), 404, "not-found")
        is_problem(here.client.put(f"{API}/jobs"), 405, "method-not-allowed")
        is_problem(here.client.post(f"{API}/jobs", data=b"x"), 415, "unsupported-media-type")


def failing(here: Any, error: Exception) -> None:
    """Make `GET /stats` fail with `error`."""

    def stats() -> None:
        raise error

    here.app.extensions["simmer"].status.stats = stats


def test_a_fault_of_ours_is_a_500_without_its_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception is logged under an id that the answer names; the answer says no more."""
    with api_client(tmp_path) as here:
        failing(here, RuntimeError("the password is hunter2"))
        document = is_problem(here.get("/stats"), 500, "internal")
        assert "hunter2" not in str(document)
        assert "hunter2" in caplog.text
        assert document["detail"].split()[-1].rstrip(".") in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (errors.DatabaseUnavailable("database: /secret/path is locked"), 503, "unavailable"),
        (errors.TablesMissing(), 503, "unavailable"),
        (errors.NotReady("no worker"), 503, "unavailable"),
        (errors.QueueFull(), 503, "queue-full"),
        (errors.ScheduleExists(), 409, "already-exists"),
        (errors.IdempotencyInFlight(), 409, "idempotency-in-flight"),
        (errors.ArgumentsTooLarge([errors.problem("#/args", "no")]), 413, "payload-too-large"),
        (errors.ConfigError("bad"), 500, "internal"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_our_errors_have_their_status(tmp_path: Path, error: Exception, status: int, slug: str) -> None:
    """Each kind of error has one status; where trying again helps, Retry-After says when."""
    with api_client(tmp_path) as here:
        failing(here, error)
        response = here.get("/stats")
        document = is_problem(response, status, slug)
        assert "/secret/path" not in document["detail"]
        assert ("Retry-After" in response.headers) == (status == 503 or slug == "idempotency-in-flight")


def test_an_abort_of_the_hosts_keeps_its_status(tmp_path: Path) -> None:
    """What a host's hook aborts with inside the API is a problem document of that status."""
    with api_client(tmp_path) as here:

        @here.app.before_request
        def refuse() -> None:
            abort(418, "I am a teapot")

        response = here.get("/jobs")
        assert (response.status_code, response.mimetype) == (418, "application/problem+json")
        assert response.get_json() == {
            "type": "about:blank",
            "title": "I'm a teapot",
            "status": 418,
            "detail": "I am a teapot",
        }


def test_every_error_of_the_package_is_classified() -> None:
    """A new error class must be put into the table or declared a fault of ours."""
    faults = {
        "SimmerError", "ConfigError", "TaskDefinitionError", "OpenTransaction", "WorkerLost",
        "ResultNotSerializable", "ResultTooLarge", "FileTooLarge", "ClaimLost",
    }  # fmt: skip
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SimmerError)
    ]
    listed = tuple(kind for kind, _ in problems.SLUG_OF_ERROR)
    assert {kind.__name__ for kind in kinds if not issubclass(kind, listed)} == faults
    assert {slug for _, slug in problems.SLUG_OF_ERROR} <= set(problems.PROBLEM_TYPES)


def test_long_input_is_not_echoed_without_end(tmp_path: Path) -> None:
    """A problem document stays small however large the input that it is about."""
    with api_client(tmp_path) as here:
        many = {f"{'field' * 100}{number}": 1 for number in range(1_000)}
        response = here.post("/jobs", {"task": "add", **many})
        assert response.status_code == 422
        assert len(response.data) < 300_000
        assert len(here.post("/jobs", {"task": "x" * 200_000}).data) < 10_000


def test_a_locked_database_is_503_and_reading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Under somebody else's write lock a POST is 503, a GET is answered, and the log says why."""
    monkeypatch.setattr(sqlite, "LOCK_WAIT", 0.2)
    with api_client(tmp_path, url=make_url(f"sqlite:///{tmp_path}/locked.db")) as here:
        job = here.submit()
        with closing(sqlite3.connect(tmp_path / "locked.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            response = here.post("/jobs", {"task": "add"})
            is_problem(response, 503, "unavailable")
            assert int(response.headers["Retry-After"]) >= 1
            assert here.get(f"/jobs/{job['id']}").get_json() == job
            assert "locked" in caplog.text
            other.rollback()
        assert here.post("/jobs", {"task": "add"}).status_code == 202
