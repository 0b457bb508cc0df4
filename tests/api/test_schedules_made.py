"""Schedules over HTTP: made, or refused with the place that is wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from .api_client import API, ApiClient, api_client, is_problem, pointers
from .scheduling import DEFAULTS, EVERY_TEN, KEYS, NEW, NINE, advance, made, moment, ok, send, shown


def test_a_schedule_is_created_under_its_id(tmp_path: Path) -> None:
    """201, where it is, and the whole of it, as it is shown from then on."""
    with api_client(tmp_path) as here:
        response = send(here, "POST", "", {"id": "My-1.x_", **NEW, "args": {"value": 2, "token": "t"}})
        found = ok(response, 201)
        assert response.headers["Location"] == f"{API}/schedules/My-1.x_"
        assert set(found) == KEYS
        expected = {**DEFAULTS, "id": "My-1.x_", "task": "tick", "trigger": EVERY_TEN, "declared_by": None}
        assert {name: found[name] for name in expected} == expected
        assert found["args"] == {"value": 2, "token": "[redacted]"}
        assert moment(found["next_fire_at"]) - moment(found["created_at"]) == timedelta(seconds=10)
        assert shown(here, "My-1.x_") == found
        assert [row["id"] for row in ok(send(here, "GET", ""))["items"]] == ["My-1.x_", "hourly"]
        advance(here, 10)
        (job,) = here.get("/jobs?schedule_id=My-1.x_").get_json()["items"]
        assert (job["state"], job["result"], job["fire_time"]) == ("succeeded", 2, found["next_fire_at"])


@pytest.mark.parametrize("id", [{}, {"id": None}])
def test_an_id_is_made_where_none_is_chosen(tmp_path: Path, id: dict[str, Any]) -> None:
    """A slug that nobody has."""
    with api_client(tmp_path) as here:
        response = send(here, "POST", "", {**NEW, **id})
        found = ok(response, 201)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", found["id"])
        assert response.headers["Location"].endswith(f"/schedules/{found['id']}")
        assert ok(send(here, "POST", "", {**NEW, **id}), 201)["id"] != found["id"]


def test_every_option_is_stored(tmp_path: Path) -> None:
    """The policies, the time zone beside the trigger, and that it begins paused."""
    options = {"misfire": "all", "misfire_grace": 60, "max_running": None, "jitter": 2.5, "paused": True}
    with api_client(tmp_path) as here:
        found = made(here, trigger=NINE, timezone="Europe/Helsinki", **options)
        assert {name: found[name] for name in options} == options
        assert found["trigger"] == {**NINE, "timezone": "Europe/Helsinki"}
        assert (found["timezone"], found["next_fire_at"]) == ("Europe/Helsinki", None)
        advance(here, 2 * 86_400)
        assert here.get("/jobs?schedule_id=s").get_json()["items"] == []


def test_the_last_moments_of_the_calendar_are_fire_times(tmp_path: Path) -> None:
    """A date after which no time can be counted is stored and shown as any other."""
    with api_client(tmp_path) as here:
        last = "9999-12-31T23:59:59.999999Z"
        assert made(here, trigger={"type": "date", "run_at": last})["next_fire_at"] == last
        advance(here, 5)


def test_an_id_that_is_taken_is_409(tmp_path: Path) -> None:
    """The schedule that has it stays as it is; once it is removed the id is free."""
    with api_client(tmp_path) as here:
        first = made(here)
        is_problem(send(here, "POST", "", {"id": "s", **NEW, "jitter": 1}), 409, "already-exists")
        assert shown(here) == first
        assert send(here, "DELETE", "/s").status_code == 204
        assert made(here, jitter=1)["jitter"] == 1


REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no task": ({"trigger": EVERY_TEN}, {"#/task"}),
    "no trigger": ({"task": "tick"}, {"#/trigger"}),
    "an unknown task": ({**NEW, "task": "nobody"}, {"#/task"}),
    "unknown arguments": ({**NEW, "args": {"x": 1}}, {"#/args/x"}),
    "wrong arguments": ({**NEW, "args": {"value": "one"}}, {"#/args/value"}),
    "arguments that are none": ({**NEW, "args": [1]}, {"#/args"}),
    "unknown fields": ({**NEW, "when": 1, "cron": "*"}, {"#/when", "#/cron"}),
    "fields of an answer": ({**NEW, "next_fire_at": "2030-01-01T00:00:00Z"}, {"#/next_fire_at"}),
    "a trigger that is a text": ({**NEW, "trigger": "interval"}, {"#/trigger"}),
    "a trigger without type": ({**NEW, "trigger": {"seconds": 10}}, {"#/trigger/type"}),
    "a bad part of several": (
        {**NEW, "trigger": {"type": "or", "triggers": [EVERY_TEN, {"type": "interval", "seconds": 0}]}},
        {"#/trigger/triggers/1/seconds"},
    ),
    "an id with a space": ({**NEW, "id": "a b"}, {"#/id"}),
    "an id with a slash": ({**NEW, "id": "a/b"}, {"#/id"}),
    "an id with a line": ({**NEW, "id": "a\n"}, {"#/id"}),
    "an empty id": ({**NEW, "id": ""}, {"#/id"}),
    "a long id": ({**NEW, "id": "a" * 65}, {"#/id"}),
    "an id that is a number": ({**NEW, "id": 5}, {"#/id"}),
    "paused as text": ({**NEW, "paused": "yes"}, {"#/paused"}),
    "paused as null": ({**NEW, "paused": None}, {"#/paused"}),
    "a zone of no place": ({**NEW, "timezone": "Mars/Olympus"}, {"#/trigger/timezone"}),
    "a zone that is a number": ({**NEW, "timezone": 2}, {"#/timezone"}),
    "an unknown misfire": ({**NEW, "misfire": "once"}, {"#/misfire"}),
    "several policies": ({**NEW, "misfire": "x", "jitter": -1, "max_running": 0},
                         {"#/misfire", "#/jitter", "#/max_running"}),
    "a grace that is a text": ({**NEW, "misfire_grace": "5"}, {"#/misfire_grace"}),
    "half a job": ({**NEW, "max_running": 1.5}, {"#/max_running"}),
    "no jitter": ({**NEW, "jitter": None}, {"#/jitter"}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(untouched: ApiClient, name: str) -> None:
    """422 from POST and PUT alike, with a pointer to each place; nothing is stored."""
    body, places = REFUSED[name]
    for method, path in (("POST", ""), ("PUT", "/x")):
        if method == "PUT" and places == {"#/id"}:
            continue  # the id stands in the address
        response = send(untouched, method, path, body)
        slug = "unknown-task" if body.get("task") == "nobody" else "validation"
        assert pointers(is_problem(response, 422, slug)) == places
    assert [row["id"] for row in ok(send(untouched, "GET", ""))["items"]] == ["hourly"]


def test_arguments_that_are_too_large_are_413(tmp_path: Path) -> None:
    """As for a job, and not at each fire time."""
    with api_client(tmp_path, max_args_bytes=1024) as here:
        body = {**NEW, "task": "echo", "args": {"value": "x" * 1024}}
        is_problem(send(here, "POST", "", body), 413, "payload-too-large")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", ""), ("GET", "/hourly"), ("PUT", "/hourly"), ("PATCH", "/hourly"),
     ("DELETE", "/hourly"), ("POST", "/hourly/pause"), ("POST", "/hourly/resume"), ("POST", "/hourly/run"),
     ("POST", "/hourly/skip"), ("GET", "/hourly/history"), ("POST", "/preview")],
)  # fmt: skip
def test_unknown_parameters_and_bodies_are_refused(untouched: ApiClient, method: str, path: str) -> None:
    """400 for a query string that means nothing; a body of the wrong kind is 415, a broken one 400."""
    before = shown(untouched, "hourly")
    is_problem(send(untouched, method, f"{path}?force=1"), 400, "bad-parameter")
    if method in ("POST", "PUT", "PATCH"):
        text = {"data": "x", "content_type": "text/plain"}
        is_problem(send(untouched, method, path, **text), 415, "unsupported-media-type")
        broken = {"data": b"{\xff", "content_type": "application/json"}
        is_problem(send(untouched, method, path, **broken), 400, "malformed-json")
        is_problem(send(untouched, method, path, []), 422, "validation")
        is_problem(send(untouched, method, path, {"unknown": 1}), 422, "validation")
    assert shown(untouched, "hourly") == before


@pytest.mark.parametrize("id", ["nobody", "%00", "a" * 65, "a b", "%ff", "a%2Fb", "s%0a"])
def test_an_unknown_schedule_is_404(untouched: ApiClient, id: str) -> None:
    """An id that no schedule has, or could have, on every route."""
    for method, rest in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/history"), ("POST", "/skip")]:
        body = {"paused": True} if method == "PATCH" else None
        is_problem(send(untouched, method, f"/{id}{rest}", body), 404, "not-found")
    if id != "nobody":
        is_problem(send(untouched, "PUT", f"/{id}", NEW), 404, "not-found")
