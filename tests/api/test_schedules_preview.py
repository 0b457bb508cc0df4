"""Triggers in words and their next fire times, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .api_client import ApiClient, is_problem, pointers
from .scheduling import EVERY_TEN, NINE, moment, ok, send


def preview(here: ApiClient, **body: Any) -> Any:
    """What a preview answers."""
    return ok(send(here, "POST", "/preview", body))


def test_preview_says_words_and_moments(untouched: ApiClient) -> None:
    """Strictly after `after`; ten where no count is given, and never more than there are."""
    found = preview(untouched, trigger=NINE, after="2026-03-01T09:00:00Z", count=2)
    assert found == {
        "description": "At 09:00 every day (UTC)",
        "next": [
            {"at": "2026-03-02T09:00:00Z", "local": "2026-03-02T09:00:00+00:00"},
            {"at": "2026-03-03T09:00:00Z", "local": "2026-03-03T09:00:00+00:00"},
        ],
    }
    before = preview(untouched, trigger=NINE, after="2026-03-01T08:59:59.999999Z", count=1)
    assert before["next"][0]["at"] == "2026-03-01T09:00:00Z"
    assert len(preview(untouched, trigger=NINE)["next"]) == 10
    assert len(preview(untouched, trigger=NINE, count=50, after=None, timezone=None)["next"]) == 50
    once = preview(untouched, trigger={"type": "date", "run_at": "2030-01-01T00:00:00Z"})
    assert [row["at"] for row in once["next"]] == ["2030-01-01T00:00:00Z"]
    assert preview(untouched, trigger={"type": "date", "run_at": "2000-01-01T00:00:00Z"})["next"] == []
    now = datetime.now(UTC) - timedelta(minutes=1)
    assert moment(preview(untouched, trigger={"type": "interval", "minutes": 1})["next"][0]["at"]) > now


def test_preview_notes_where_the_clock_changes(untouched: ApiClient) -> None:
    """In the zone beside the trigger, as in it."""
    half_past_three = {"type": "cron", "expression": "30 3 * * *"}
    after = {"after": "2026-03-28T12:00:00+02:00", "count": 2}
    beside = preview(untouched, trigger=half_past_three, timezone="Europe/Helsinki", **after)
    assert beside["next"][0]["local"] == "2026-03-29T04:00:00+03:00"
    assert "does not exist" in beside["next"][0]["note"]
    assert "note" not in beside["next"][1]
    inside = {**half_past_three, "timezone": "Europe/Helsinki"}
    assert preview(untouched, trigger=inside, **after) == beside
    back = preview(untouched, trigger=inside, after="2026-10-24T12:00:00Z", count=1)
    assert "comes twice" in back["next"][0]["note"]


@pytest.mark.parametrize(
    ("body", "place"),
    [({}, "#/trigger"), ({"trigger": NINE, "count": 51}, "#/count"),
     ({"trigger": NINE, "count": 0}, "#/count"), ({"trigger": NINE, "count": "5"}, "#/count"),
     ({"trigger": NINE, "after": "soon"}, "#/after"), ({"trigger": NINE, "x": 1}, "#/x"),
     ({"trigger": NINE, "after": "2030-01-01T00:00:00"}, "#/after"),
     ({"trigger": {"type": "cron", "expression": "0 9 * *"}}, "#/trigger/expression"),
     ({"trigger": NINE, "timezone": "Mars/Olympus"}, "#/trigger/timezone")],
)  # fmt: skip
def test_a_preview_that_cannot_be_is_refused(untouched: ApiClient, body: dict[str, Any], place: str) -> None:
    """422 with the place."""
    assert pointers(is_problem(send(untouched, "POST", "/preview", body), 422, "validation")) == {place}


@pytest.mark.parametrize(
    "after", ["0001-01-01T00:00:00Z", "0001-01-02T23:59:59Z", "9999-12-31T23:59:59.999999Z"]
)
@pytest.mark.parametrize(
    "trigger",
    [NINE, EVERY_TEN, {"type": "date", "run_at": "2030-01-01T00:00:00Z"}, {"type": "calendar", "days": 1}],
    ids=lambda t: t["type"],
)
def test_a_preview_at_the_ends_of_the_calendar(
    untouched: ApiClient, after: str, trigger: dict[str, Any]
) -> None:
    """Is answered with what there is."""
    found = preview(untouched, trigger=trigger, after=after, timezone="Pacific/Apia", count=3)["next"]
    assert all(moment(row["at"]) > datetime.fromisoformat(after) for row in found)
