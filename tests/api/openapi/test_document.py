"""`GET /openapi.json`: the document is valid, complete, and true of what the API answers."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from app.jobs.api import ROUTES
from app.jobs.api.openapi.document import build_document, summary_of
from app.jobs.api.openapi.operations import OPERATIONS
from app.jobs.api.problems import PROBLEM_TYPES
from app.jobs.api.route import Route

from ...support import ROOT
from ..api_client import ApiClient, api_client, is_problem


def test_the_document_is_valid(untouched: ApiClient) -> None:
    """OpenAPI 3.1, with tasks and without any."""
    document = untouched.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    validate(document)
    validate(build_document(ROUTES, {}, title="no tasks", needs_token=True))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_described(route: Route, untouched: ApiClient) -> None:
    """By its view's docstring, and by what it takes and answers."""
    assert summary_of(route, inspect.getdoc(route.load_view()))
    path = re.sub(r"<(\w+)>", r"{\1}", route.path)
    described = untouched.get("/openapi.json").get_json()["paths"][path][route.method.lower()]
    assert described["x-right"] == route.right
    assert {int(status) for status in described["responses"]} >= OPERATIONS[route.endpoint].answers.keys()


def test_nothing_is_described_that_is_not_there() -> None:
    """A route that goes takes its description along."""
    assert OPERATIONS.keys() == {route.endpoint for route in ROUTES}


@pytest.mark.parametrize("text", [None, "Answers.", "`GET /other`: it.", "`POST /there/{id}`: it."])
def test_a_route_without_its_description_is_refused(text: str | None) -> None:
    """A view whose docstring is missing, or is that of another route."""
    with pytest.raises(ValueError, match="must begin with `GET /there/<id>`"):
        summary_of(Route("GET", "/there/<id>", "read", "there.view"), text)


def test_every_type_of_problem_is_an_answer_of_something(untouched: ApiClient) -> None:
    """But for that of a path's other methods, which no route describes."""
    responses = untouched.get("/openapi.json").get_json()["components"]["responses"]
    shown = {slug for name in responses for slug in name.split(".")}
    assert shown == PROBLEM_TYPES.keys() - {"method-not-allowed"}


def test_a_job_is_submitted_by_its_task(untouched: ApiClient) -> None:
    """The body of a submission is one for each task, with its arguments."""
    schemas = untouched.get("/openapi.json").get_json()["components"]["schemas"]
    mapping = schemas["SubmissionBody"]["discriminator"]["mapping"]
    assert set(mapping) == untouched.jobs.registry.tasks.keys()
    assert mapping["report"] == "#/components/schemas/Submit.report"
    assert schemas["Submit.report"]["required"] == ["task", "args"]
    assert schemas["Args.report"]["properties"] == {"month": {"type": "string"}}
    assert schemas["JobOptions"]["properties"]["priority"]["maximum"] == 1000


def test_names_of_tasks_may_be_any(tmp_path: Path) -> None:
    """Components take fewer characters than tasks, and two tasks never share one."""
    with api_client(tmp_path) as here:
        for name in ("a:b", "a-3a-b", "<lambda>"):
            here.jobs.task(name)(lambda: None)
        document = here.get("/openapi.json").get_json()
        validate(document)
        names = document["components"]["schemas"]["SubmissionBody"]["discriminator"]["mapping"]
        assert len(set(names.values())) == len(names) == len(here.jobs.registry.tasks)


def test_the_document_is_made_once_until_a_task_is_registered(tmp_path: Path) -> None:
    """A second request has the same tag, and 304; a new task is there at the next."""
    with api_client(tmp_path) as here:
        first = here.get("/openapi.json")
        assert first.headers["Cache-Control"] == "no-cache"
        again = here.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")

        @here.jobs.task
        def later() -> None: ...

        new = here.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
        assert new.status_code == 200
        assert "Submit.later" in new.get_json()["components"]["schemas"]


def test_it_says_where_the_api_stands(tmp_path: Path) -> None:
    """Below another prefix, and below where the whole app is mounted."""
    with api_client(tmp_path, prefix="/work/é") as here:
        found = here.client.get("/work/é/openapi.json", environ_overrides={"SCRIPT_NAME": "/team"})
        assert found.get_json()["servers"] == [{"url": "/team/work/%C3%A9"}]


def test_it_says_who_may_do_what(tmp_path: Path) -> None:
    """Each route names its right, health none; it is itself for who may read."""
    with api_client(tmp_path, api_tokens={"token-of-a-reader": ["read"]}) as here:
        is_problem(here.get("/openapi.json"), 401, "unauthorized")
        is_problem(here.get("/docs"), 401, "unauthorized")
        headers = {"Authorization": "Bearer token-of-a-reader"}
        paths = here.get("/openapi.json", headers=headers).get_json()["paths"]
        assert paths["/jobs"]["post"]["security"] == [{"bearer": ["submit"]}]
        assert paths["/health/ready"]["get"]["security"] == []
        assert here.get("/docs", headers=headers).status_code == 200


def test_without_tokens_a_local_program_needs_none(untouched: ApiClient) -> None:
    """A client that is made from the document asks for no token."""
    paths: Any = untouched.get("/openapi.json").get_json()["paths"]
    assert paths["/jobs"]["post"]["security"] == [{}, {"bearer": ["submit"]}]


def test_it_costs_nothing_until_somebody_asks() -> None:
    """An app starts and serves a job without what makes the document."""
    code = (
        "import sys, flask, app.jobs; from app.jobs import Simmer; host = flask.Flask('x');"
        "host.config.update(JOBS_DATABASE_URL='sqlite://', JOBS_ENGINE='manual'); jobs = Simmer(host);"
        "add = jobs.task('add')(lambda a=1: a); client = host.test_client();"
        "assert client.get('/api/v1/health/live').status_code == 200;"
        "loaded = [name for name in sys.modules if name.startswith(('apispec', 'app.jobs.api.openapi'))];"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
