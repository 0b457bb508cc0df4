"""Forms that no browser sends: every one is refused with a page, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ..api.api_client import ApiClient
from .browsing import UI, dashboard, page, post

HOSTILE = (
    "[" * 100_000,
    "9" * 5_000,
    "--5",
    "NaN",
    '{"a": 1, "a": 2}',
    '"\\ud800"',
    "\0",
    "%",
    "//[",
    "é" * 300,
)
SCHEDULE = {"task": "tick", "args": "{}", "kind": "interval", "every": "5", "unit": "minutes"}
FORMS = {
    "/jobs/{id}/edit": {"args": "{}", "queue": "", "priority": "", "run_at": "", "tags": ""},
    "/schedules/new": {**SCHEDULE, "trigger": "", "misfire_grace": "", "max_running": "", "jitter": ""},
    "/schedules/hourly/edit": {**SCHEDULE, "timezone": "", "misfire": "", "expression": ""},
    "/tasks/add/run": {"arg.a": "", "arg.b": "", "delay": "", "priority": "", "tags": ""},
    "/tasks/add/limit": {"paused": "", "concurrency": "", "rate": ""},
    "/queues/default/limit": {"paused": "", "concurrency": ""},
    "/jobs/bulk": {"query": "", "action": "cancel", "all": "", "id": "", "confirmed": ""},
    "/sign-in": {"token": "", "next": ""},
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """A dashboard with one job that is not due."""
    with dashboard(tmp_path_factory.mktemp("forms")) as made:
        made.app.config["PROPAGATE_EXCEPTIONS"] = False
        yield made


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_anything_breaks_nothing(here: ApiClient, path: str) -> None:
    """Each field in turn missing, twice, or what no browser sends: never a page with 500."""
    path, form = path.format(id=here.submit("add", delay=3600)["id"]), FORMS[path]
    sent: list[dict[str, Any]] = [{**form, name: text} for name in form for text in HOSTILE]
    sent += [{name: value for name, value in form.items() if name != left} for left in form]
    sent += [{**form, name: ["1", "2"]} for name in form]
    for each in sent:
        response = post(here, path, each, follow=False)
        assert response.status_code < 500, {name: value[:20] for name, value in each.items()}


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", '"\\ud800"', '{"a": 1, "a": 2}'])
def test_json_in_a_form_is_as_strict_as_in_a_body(here: ApiClient, text: str) -> None:
    """422 with the field's name, as the API refuses it."""
    job = here.submit("echo", delay=3600)
    response = post(here, f"/jobs/{job['id']}/edit", args=text)
    assert response.status_code == 422
    assert "#/args" in response.get_data(as_text=True)


def test_a_tag_with_blanks_survives_an_edit(here: ApiClient) -> None:
    """What the form shows is what it sends: a tag a line."""
    job = here.submit("add", delay=3600, tags=["two words", "one"])
    markup = page(here, f"/jobs/{job['id']}")
    assert "two words\none</textarea>" in markup
    post(here, f"/jobs/{job['id']}/edit", args="{}", tags="two words\r\none")
    assert here.get(f"/jobs/{job['id']}").get_json()["tags"] == ["two words", "one"]


@pytest.mark.parametrize(
    "query", ["view=1", "_external=1&_scheme=javascript", "_anchor=x", "_method=POST", "x=1"]
)
def test_parameters_that_are_no_filters_become_no_address(here: ApiClient, query: str) -> None:
    """400 for the filter bar and for actions on many: nothing else of a URL leads anywhere."""
    job = here.submit("add", delay=3600)
    assert here.client.get(f"{UI}/jobs?find=task:add&{query}").status_code == 400
    form = {"query": query, "action": "cancel", "id": job["id"]}
    assert post(here, "/jobs/bulk", form).status_code == 400
    assert post(here, "/jobs/bulk", form, confirmed="yes").status_code == 400
    assert here.get(f"/jobs/{job['id']}").get_json()["state"] == "scheduled"


def test_a_path_that_cannot_be_is_refused_as_by_the_api(here: ApiClient) -> None:
    """400 for a page, an export and the API alike, and numbers of any size are numbers."""
    for path in ("/jobs", "/jobs/export"):
        assert "is not a path" in page(here, f"{path}?args.a[0]=1", 400)
        page(here, f"{path}?args.a={'1' * 400}")
    assert here.get(f"/jobs?args.a={'1' * 400}").status_code == 200


def test_an_empty_filter_narrows_an_action_as_it_narrows_the_list(here: ApiClient) -> None:
    """What a list does not show, an action on all that match does not touch."""
    job = here.submit("add", delay=3600)
    form = {"query": "state=scheduled&tag=", "action": "cancel", "all": "yes", "confirmed": "yes"}
    assert post(here, "/jobs/bulk", form).status_code < 500
    assert here.get(f"/jobs/{job['id']}").get_json()["state"] == "scheduled"
