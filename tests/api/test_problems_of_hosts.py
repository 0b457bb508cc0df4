"""Exceptions of the package in a host's own views: as the API answers, where the host asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint, Flask

from app.jobs import DatabaseUnavailable, OpenTransaction, QueueFull, SimmerError, UniqueConflict

from .api_client import api_client, is_problem, pointers


def add_view(target: Flask | Blueprint, path: str, call: Callable[[], object]) -> None:
    """A view of the host's own, which does nothing but `call`."""

    def view() -> str:
        call()
        return "done"

    target.add_url_rule(path, path.strip("/"), view)


def raise_(error: SimmerError) -> None:
    """Raise it, in a lambda."""
    raise error


def test_an_app_that_asks_answers_as_the_api(tmp_path: Path) -> None:
    """404, 422 with the place, and 503 with Retry-After, without a line in the view."""
    with api_client(tmp_path) as here:
        here.jobs.handle_errors(here.app)
        add_view(here.app, "/missing", lambda: here.jobs.get("no-such-job"))
        add_view(here.app, "/wrong", lambda: here.jobs.submit("add", {"a": "x"}))
        add_view(here.app, "/full", lambda: raise_(QueueFull()))
        add_view(here.app, "/away", lambda: raise_(DatabaseUnavailable("host=secret-host")))
        is_problem(here.client.get("/missing"), 404, "not-found")
        assert pointers(is_problem(here.client.get("/wrong"), 422, "validation")) == {"#/args/a"}
        full = here.client.get("/full")
        is_problem(full, 503, "queue-full")
        assert full.headers["Retry-After"] == "5"
        assert "secret-host" not in is_problem(here.client.get("/away"), 503, "unavailable")["detail"]


def test_a_blueprint_that_asks_answers_for_itself_alone(tmp_path: Path) -> None:
    """The views of one blueprint are answered, those of the rest of the host are as they were."""
    with api_client(tmp_path) as here:
        blueprint = Blueprint("own", __name__)
        add_view(blueprint, "/own", lambda: here.jobs.get("no-such-job"))
        here.jobs.handle_errors(blueprint)
        here.app.register_blueprint(blueprint)
        add_view(here.app, "/other", lambda: raise_(QueueFull()))
        is_problem(here.client.get("/own"), 404, "not-found")
        with pytest.raises(QueueFull):
            here.client.get("/other")


def test_a_fault_of_the_host_stays_its_own(tmp_path: Path) -> None:
    """An exception that no client can mend is for the host's own error handler and tracker."""
    with api_client(tmp_path) as here:
        here.jobs.handle_errors(here.app)
        add_view(here.app, "/own", lambda: raise_(OpenTransaction()))
        with pytest.raises(OpenTransaction):
            here.client.get("/own")


def test_one_that_was_caught_is_answered_by_hand(tmp_path: Path) -> None:
    """`jobs.problem(error)` is the response that the API would give."""
    with api_client(tmp_path) as here, here.app.test_request_context("/own"):
        response = here.jobs.problem(QueueFull("wait"))
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert response.get_json()["detail"] == "wait"


@pytest.mark.parametrize("prefix", ["/api/v1", None])
def test_a_unique_conflict_says_where_its_job_is(tmp_path: Path, prefix: str | None) -> None:
    """409, with a Location unless the API is switched off."""
    with api_client(tmp_path, prefix=prefix) as here:
        here.jobs.handle_errors(here.app)
        add_view(here.app, "/taken", lambda: raise_(UniqueConflict("taken", "some-id")))
        response = here.client.get("/taken")
        is_problem(response, 409, "unique-conflict")
        assert response.headers.get("Location") == (prefix and f"{prefix}/jobs/some-id")
