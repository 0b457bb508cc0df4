"""What the page of a job can do to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..api.api_client import ApiClient
from .browsing import dashboard, post, words


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard of its own."""
    with dashboard(tmp_path) as made:
        yield made


def test_cancel_and_retry_lead_back_to_the_page_and_say_so(here: ApiClient) -> None:
    """303 to the job, whose new state is shown with a sentence."""
    job = here.submit("add")
    cancelled = post(here, f"/jobs/{job['id']}/cancel")
    assert "Cancelled, or asked to stop" in words(cancelled.get_data(as_text=True))
    assert here.get(f"/jobs/{job['id']}").get_json()["state"] == "cancelled"
    assert post(here, f"/jobs/{job['id']}/retry", follow=False).status_code == 303
    assert here.get(f"/jobs/{job['id']}").get_json()["state"] == "queued"


def test_delete_asks_first(here: ApiClient) -> None:
    """Nothing is gone before the question was answered."""
    job = here.submit("add")
    here.drain()
    asked = post(here, f"/jobs/{job['id']}/delete")
    assert "Delete this job?" in words(asked.get_data(as_text=True))
    assert here.get(f"/jobs/{job['id']}").status_code == 200
    post(here, f"/jobs/{job['id']}/delete", confirmed="yes")
    assert here.get(f"/jobs/{job['id']}").status_code == 404


def test_an_edit_changes_what_the_form_has_and_keeps_secrets(here: ApiClient) -> None:
    """The redacted value that the form shows stands for the one that is stored."""
    job = here.submit("echo", args={"value": 1, "password": "hunter2"})
    form: dict[str, Any] = {
        "args": '{"value": 2, "password": "[redacted]"}',
        "priority": "-5",
        "tags": "a\nb",
    }
    post(here, f"/jobs/{job['id']}/edit", form)
    with here.app.app_context():
        changed = here.jobs.get(job["id"])
    assert changed.args == {"value": 2, "password": "hunter2"}
    assert (changed.priority, changed.tags, changed.queue) == (-5, ("a", "b"), "default")


@pytest.mark.parametrize(
    "form",
    [{"args": "{"}, {"args": '{"value": 1}', "priority": "high"}, {"args": '{"colour": 1}'}, {"args": "[]"}],
)
def test_an_edit_that_does_not_fit_is_said_and_changes_nothing(here: ApiClient, form: dict[str, Any]) -> None:
    """422 with the place; the job is as it was."""
    job = here.submit("echo", args={"value": 1})
    assert post(here, f"/jobs/{job['id']}/edit", form).status_code == 422
    assert here.get(f"/jobs/{job['id']}").get_json()["version"] == job["version"]


def test_an_action_that_the_state_does_not_allow_is_409(here: ApiClient) -> None:
    """The page may be older than the job: what it offers is refused with a reason."""
    job = here.submit("add")
    refused = post(here, f"/jobs/{job['id']}/retry")
    assert refused.status_code == 409
    assert "only a finished job" in words(refused.get_data(as_text=True))
