"""The tasks: the form made from a task's schema, and its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..api.api_client import ApiClient
from .browsing import UI, dashboard, page, post, words


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard of its own."""
    with dashboard(tmp_path) as made:
        yield made


def test_the_list_has_every_task_with_what_it_did(here: ApiClient) -> None:
    """Its description, the number of its jobs, and of those that failed today."""
    here.submit("fail")
    here.drain()
    text = words(page(here, "/tasks"))
    assert "Add two numbers." in text
    assert "fail" in text


def test_the_list_says_limits_in_words_and_has_the_buttons_of_each_task(here: ApiClient) -> None:
    """No JSON; what is paused, and all that is to be cancelled, is one button away."""
    post(here, "/tasks/add/limit", concurrency='[2, "b"]', rate='["5/s", "a"]', paused="yes")
    markup = page(here, "/tasks")
    assert "2 at a time for each b, 5/s for each a" in words(markup)
    assert "Resume add" in words(markup)
    assert 'value="task=add"' in markup


def test_the_number_of_todays_failures_leads_to_these(here: ApiClient) -> None:
    """Not to all that ever failed."""
    here.submit("fail")
    here.drain()
    assert re.search(r"/jobs\?task=fail&amp;state=failed&amp;finished_after=2", page(here, "/tasks"))


def test_the_form_submits_what_is_typed_and_leads_to_the_job(here: ApiClient) -> None:
    """Numbers are numbers, empty fields are not given, options go along."""
    form = {"arg.a": "5", "arg.b": "", "delay": "60", "tags": "x\ny"}
    response = post(here, "/tasks/add/run", form, follow=False)
    job_id = response.location.removeprefix(f"{UI}/jobs/").partition("?")[0]
    job = here.get(f"/jobs/{job_id}").get_json()
    assert (job["args"], job["state"], job["tags"]) == ({"a": 5}, "scheduled", ["x", "y"])


def test_what_does_not_fit_is_said_at_its_field(here: ApiClient) -> None:
    """422 and the form with what was typed; nothing was submitted."""
    refused = post(here, "/tasks/add/run", {"arg.a": "five"})
    markup = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'value="five"' in markup
    assert 'aria-invalid="true"' in markup
    assert here.count() == 0


@pytest.mark.parametrize("form", [{"delay": "soon"}, {"delay": "-1"}, {"priority": "5000"}])
def test_a_wrong_option_is_said(here: ApiClient, form: dict[str, str]) -> None:
    """With its place, and nothing is submitted."""
    refused = post(here, "/tasks/add/run", {"arg.a": "1", **form})
    assert refused.status_code == 422
    assert f"#/{next(iter(form))}" in words(refused.get_data(as_text=True))
    assert here.count() == 0


def test_a_task_is_paused_and_limited(here: ApiClient) -> None:
    """As PATCH /tasks/{name}; the buttons do not touch each other's settings."""
    post(here, "/tasks/add/limit", paused="yes")
    post(here, "/tasks/add/limit", concurrency="2", rate="100/m")
    task = here.get("/tasks/add").get_json()
    assert (task["paused"], task["concurrency"], task["rate"]) == (True, 2, "100/m")
    post(here, "/tasks/add/limit", paused="no")
    post(here, "/tasks/add/limit", concurrency="", rate="")
    task = here.get("/tasks/add").get_json()
    assert (task["paused"], task["concurrency"], task["rate"]) == (False, None, None)


@pytest.mark.parametrize(
    "form", [{"concurrency": "many"}, {"concurrency": "-1"}, {"rate": "fast"}, {"rate": "[1"}]
)
def test_a_wrong_limit_changes_nothing(here: ApiClient, form: dict[str, str]) -> None:
    """422 with what to write instead."""
    assert post(here, "/tasks/add/limit", form).status_code == 422
    assert here.get("/tasks/add").get_json()["concurrency"] is None


def test_all_jobs_of_a_task_are_cancelled_from_its_page(here: ApiClient) -> None:
    """The button asks with the number of jobs, as the list of jobs does."""
    here.submit("add")
    here.submit("add")
    markup = page(here, "/tasks/add")
    assert 'value="task=add"' in markup
    form = {"action": "cancel", "all": "yes", "query": "task=add"}
    assert "Cancel 2 jobs?" in words(post(here, "/jobs/bulk", form).get_data(as_text=True))


def test_an_unknown_task_is_404_or_said(here: ApiClient) -> None:
    """A page of ours, never an error of the server."""
    assert here.client.get(f"{UI}/tasks/nothing").status_code in (404, 422)
