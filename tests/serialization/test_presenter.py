"""A job as JSON, without an app."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.jobs.ids import new_id
from app.jobs.job import Job, Progress
from app.jobs.serialization.presenter import dump, moment, present, present_in_list
from app.jobs.states import FINAL, STATES

NOW = datetime(2026, 11, 21, 2, 0, 0, 120_000, tzinfo=UTC)


def job(**changes: Any) -> Job:
    """A queued job with `changes`."""
    values: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(Job)) | {
        "id": new_id(), "task": "add", "queue": "default", "state": "queued", "priority": 0, "args": {"a": 1},
        "tags": ("t",), "progress": Progress(), "attempt": 0, "max_attempts": 1, "created_at": NOW,
        "run_at": NOW, "depends_on": (), "version": 1, "meta": {},
    }  # fmt: skip
    return Job(**(values | changes))


def same(value: Any) -> Any:
    """Redact nothing."""
    return value


def test_every_attribute_of_a_job_is_shown() -> None:
    """The JSON has one key for each attribute, in their order, and `links`."""
    names = [field.name for field in dataclasses.fields(Job)]
    assert list(present(job(), same)) == [*names, "links"]


@pytest.mark.parametrize("state", STATES)
def test_actions_are_linked_only_where_they_are_allowed(state: str) -> None:
    """A final job can be retried, any other can be cancelled."""
    shown = present(job(state=state), same, "/api/v1/jobs")["links"]
    assert ("retry" in shown) == (state in FINAL)
    assert ("cancel" in shown) == (state not in FINAL)


def test_without_http_there_are_no_links() -> None:
    """Where there is no address to give, `links` is None."""
    assert present(job(), same)["links"] is None


def test_times_are_utc_with_microseconds_and_z() -> None:
    """Any aware time is written in UTC in one fixed form."""
    east = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert moment(NOW) == moment(east) == "2026-11-21T02:00:00.120000Z"
    assert moment(None) is None


def test_in_lists_large_values_are_left_out() -> None:
    """Exactly 2 KiB of JSON is shown, one byte more is not."""
    fits, over = "x" * (2048 - 2), "x" * (2048 - 1)
    assert present_in_list(job(result=fits), same)["truncated"] == []
    shown = present_in_list(job(result=over), same)
    assert (shown["result"], shown["truncated"]) == (None, ["result"])


def test_redaction_covers_what_is_given_and_returned() -> None:
    """Arguments, meta, data of the progress and result pass through the redactor, nothing else does."""
    shown = present(job(result="r"), lambda value: "hidden")
    covered = [shown[name] for name in ("args", "meta", "result")] + [shown["progress"]["data"]]
    assert (set(covered), shown["task"]) == ({"hidden"}, "add")


@pytest.mark.parametrize("value", ["é ☃ 𝄞", "\ud800", "\0", 10**4000, {"a": (1, 2)}, NOW, [None, True, 1.5]])
def test_whatever_is_stored_can_be_written(value: Any) -> None:
    """The answer is valid UTF-8 JSON for every value that the database may hold."""
    json.loads(dump(value).decode())


def test_what_is_not_json_is_not_written_as_if_it_were() -> None:
    """An object that nobody thought of is an error, not its repr."""
    with pytest.raises(TypeError, match="object is not JSON"):
        dump(object())
