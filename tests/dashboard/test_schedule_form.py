"""The form of a schedule: what it stores, previews and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..api.api_client import ApiClient
from .browsing import dashboard, page, post, words

CRON = {"kind": "cron", "expression": "0 9 * * 1-5", "timezone": "Europe/Helsinki"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard of its own, over the schedule `hourly`."""
    with dashboard(tmp_path) as made:
        yield made


def trigger(here: ApiClient, slug: str) -> dict[str, Any]:
    """The stored trigger."""
    found: dict[str, Any] = here.get(f"/schedules/{slug}").get_json()["trigger"]
    return found


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        ({"kind": "interval", "every": "5", "unit": "minutes"}, {"type": "interval", "minutes": 5}),
        (CRON, {"type": "cron", "expression": "0 9 * * 1-5", "timezone": "Europe/Helsinki"}),
        ({"kind": "date", "run_at": "2030-01-31T09:00Z"}, {"type": "date"}),
        ({"kind": "json", "trigger": '{"type": "calendar", "months": 1}'}, {"type": "calendar", "months": 1}),
    ],
)
def test_every_kind_of_rule_can_be_made(
    here: ApiClient, form: dict[str, Any], stored: dict[str, Any]
) -> None:
    """What is typed is what POST /schedules would have stored."""
    made = post(here, "/schedules/new", id="mine", task="add", args='{"a": 2}', **form)
    assert "Stored." in words(made.get_data(as_text=True))
    assert trigger(here, "mine").items() >= stored.items()
    assert here.get("/schedules/mine").get_json()["args"] == {"a": 2}


def test_the_preview_stores_nothing(here: ApiClient) -> None:
    """It shows the rule in words and its next fire times, in its own zone."""
    shown = post(here, "/schedules/new", id="mine", task="add", preview="yes", form=CRON)
    text = words(shown.get_data(as_text=True))
    assert "At 09:00, Monday to Friday (Europe/Helsinki)" in text
    assert "09:00:00 UTC+0" in text
    assert here.get("/schedules/mine").status_code == 404


def test_an_edit_keeps_what_is_not_in_the_form(here: ApiClient) -> None:
    """The secret argument that is shown as redacted, and whether it is paused."""
    post(here, "/schedules/hourly/pause")
    form = page(here, "/schedules/hourly/edit")
    assert "[redacted]" in form
    args = '{"value": 7, "token": "[redacted]"}'
    post(here, "/schedules/hourly/edit", task="tick", args=args, kind="interval", every="2", unit="hours")
    changed = here.get("/schedules/hourly").get_json()
    assert (changed["paused"], changed["args"]["value"]) == (True, 7)
    assert changed["trigger"]["hours"] == 2
    with here.app.app_context():
        assert here.jobs.get_schedule("hourly").args["token"] == "t-1"


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ({"kind": "cron", "expression": "99 * * * *"}, "#/trigger"),
        ({"kind": "interval", "every": "x", "unit": "minutes"}, "#/trigger"),
        ({"kind": "interval", "every": "5", "unit": "fortnights"}, "#/trigger"),
        ({"kind": "json", "trigger": "[]"}, "#/trigger"),
        ({"kind": "sometimes"}, "#/trigger"),
        ({"kind": "cron", "expression": "* * * * *", "args": "{"}, "#/args"),
        ({"kind": "cron", "expression": "* * * * *", "args": '{"colour": 1}'}, "#/args/colour"),
        ({"kind": "cron", "expression": "* * * * *", "task": "nothing"}, "nothing"),
        ({"kind": "cron", "expression": "* * * * *", "id": "a b"}, "#/id"),
        ({"kind": "cron", "expression": "* * * * *", "jitter": "-1"}, "#/jitter"),
    ],
)
def test_what_does_not_fit_is_said_where_it_was_typed(
    here: ApiClient, form: dict[str, Any], place: str
) -> None:
    """422 and the form as it was sent, with the place."""
    refused = post(here, "/schedules/new", **{"id": "mine", "task": "add", "args": "{}", **form})
    assert refused.status_code == 422
    assert place in words(refused.get_data(as_text=True))
    assert len(here.get("/schedules").get_json()["items"]) == 1
