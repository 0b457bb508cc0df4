"""The API can stand elsewhere, under a mounted app, or nowhere."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from flask.json.provider import DefaultJSONProvider

from app.jobs import Simmer
from app.jobs.api import ROUTES, load_views

from ..conftest import AppFactory
from .api_client import api_client, is_problem


def test_a_moved_prefix_moves_every_address(tmp_path: Path) -> None:
    """Location, links and the catch-all follow JOBS_API_PREFIX."""
    with api_client(tmp_path, prefix="/internal/jobs-api") as here:
        response = here.client.post("/internal/jobs-api/jobs", json={"task": "add"})
        links = response.get_json()["links"]
        assert response.headers["Location"].startswith("/internal/jobs-api/jobs/")
        assert here.client.get(response.headers["Location"]).status_code == 200
        assert here.client.get(links["events"]).status_code == 200
        is_problem(here.client.get("/internal/jobs-api/no"), 404, "not-found")
        assert here.client.get("/api/v1/jobs").mimetype == "text/html"


def test_a_mounted_app_links_with_its_root(tmp_path: Path) -> None:
    """SCRIPT_NAME is part of every address that is given out."""
    with api_client(tmp_path) as here:
        root = "http://localhost/mounted"
        job = here.post("/jobs", {"task": "add"}, base_url=root)
        assert job.headers["Location"].startswith("/mounted/api/v1/jobs/")
        assert job.get_json()["links"]["self"] == job.headers["Location"]
        listed = here.get("/jobs", base_url=root)
        assert (
            "</mounted/api/v1/jobs?>" in listed.headers["Link"]
            or "</mounted/api/v1/jobs>" in listed.headers["Link"]
        )


def test_the_api_can_be_switched_off(tmp_path: Path) -> None:
    """Without a prefix there is no route of ours, and a host's view can still answer as POST /jobs."""
    with api_client(tmp_path, prefix=None, ui_prefix=None) as here:

        @here.app.post("/start")
        def start() -> Response:
            return here.jobs.accepted(here.jobs.submit("add", args={"a": 1}))

        response = here.client.post("/start")
        assert response.status_code == 202
        assert response.get_json()["links"] is None
        assert "Location" not in response.headers
        assert not [rule for rule in here.app.url_map.iter_rules() if rule.endpoint.startswith("simmer.")]


def test_a_hosts_view_answers_as_post_jobs_does(tmp_path: Path) -> None:
    """`jobs.accepted(job)` in a view of the host's is the 202 of `POST /jobs`."""
    with api_client(tmp_path) as here:

        @here.app.post("/start")
        def start() -> Response:
            return here.jobs.accepted(here.jobs.submit("add", args={"a": 1}))

        mine, ours = here.client.post("/start"), here.post("/jobs", {"task": "add", "args": {"a": 1}})
        assert mine.status_code == ours.status_code == 202
        assert set(mine.headers.keys()) == set(ours.headers.keys())
        assert list(mine.get_json()) == list(ours.get_json())
        assert here.client.get(mine.headers["Location"]).get_json() == mine.get_json()


@pytest.mark.parametrize("provider", ["host"])
def test_the_hosts_json_provider_has_no_say(tmp_path: Path, provider: str) -> None:
    """A host that writes JSON in a way of its own changes nothing in our answers."""

    class Odd(DefaultJSONProvider):
        def dumps(self, obj: object, **options: object) -> str:
            return '"odd"'

    with api_client(tmp_path) as here:
        here.app.json = Odd(here.app)
        assert here.get("/jobs").data.startswith(b'{"items":')
        assert here.get("/health/live").data == b'{"status":"ok"}\n'


def test_views_are_imported_at_the_first_request_or_before(make_app: AppFactory) -> None:
    """Until then something stands in for each, with its right; `load_views` leaves nothing to import."""
    app = make_app(Simmer())
    names = [f"simmer.{route.endpoint}" for route in ROUTES]
    stand_ins: dict[str, Any] = {name: app.view_functions[name] for name in names}
    assert app.test_client().get("/api/v1/tasks").status_code == 200
    assert app.view_functions["simmer.list_tasks"] is not stand_ins["simmer.list_tasks"]
    load_views(app)
    for name in names:
        view: Any = app.view_functions[name]
        assert view is not stand_ins[name]
        assert (view.__name__, view.right) == (name.removeprefix("simmer."), stand_ins[name].right)


def test_what_a_host_puts_around_a_view_stays(make_app: AppFactory) -> None:
    """Such as a limit of its own: also when the view is imported, by a request or before."""
    app = make_app(Simmer())
    inner, calls = app.view_functions["simmer.list_tasks"], []

    @functools.wraps(inner)
    def limited(**values: Any) -> Any:
        calls.append(values)
        return inner(**values)

    app.view_functions["simmer.list_tasks"] = limited
    client = app.test_client()
    assert client.get("/api/v1/tasks").status_code == 200
    load_views(app)
    assert [client.get("/api/v1/tasks").status_code for _ in range(2)] == [200, 200]
    assert len(calls) == 3
    assert (limited.__module__, limited.__name__) == ("app.jobs.api.tasks", "list_tasks")
