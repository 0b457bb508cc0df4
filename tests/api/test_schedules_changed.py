"""Schedules over HTTP: replaced, patched, removed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from .api_client import API, api_client, is_problem, pointers
from .scheduling import EVERY_TEN, KEYS, NEW, NINE, advance, made, moment, ok, send, shown, with_declared


def test_put_stores_and_replaces_as_a_whole(tmp_path: Path) -> None:
    """201 and its place where it is new, then 200; what the body leaves out is at its default again."""
    with api_client(tmp_path) as here:
        new = send(here, "PUT", "/s", {**NEW, "jitter": 3, "args": {"value": 1}})
        assert ok(new, 201)["jitter"] == 3
        assert new.headers["Location"] == f"{API}/schedules/s"
        advance(here, 4)
        again = send(here, "PUT", "/s", NEW)
        found = ok(again)
        assert "Location" not in again.headers
        assert (found["jitter"], found["args"]) == (0, {})
        first = new.get_json()
        kept = ("created_at", "next_fire_at")  # the same trigger goes on where it was
        assert [found[name] for name in kept] == [first[name] for name in kept]
        assert found["updated_at"] > first["updated_at"]


def test_another_trigger_counts_from_the_old_anchor(tmp_path: Path) -> None:
    """The next fire time is after now."""
    with api_client(tmp_path) as here:
        anchor = moment(made(here)["created_at"])
        advance(here, 5)
        found = ok(send(here, "PUT", "/s", {**NEW, "trigger": {"type": "interval", "seconds": 4}}))
        assert moment(found["next_fire_at"]) == anchor + timedelta(seconds=8)
        end = (anchor + timedelta(seconds=1)).isoformat()
        ended = {"type": "interval", "seconds": 4, "end_at": end}
        refusal = is_problem(send(here, "PUT", "/s", {**NEW, "trigger": ended}), 422, "validation")
        assert pointers(refusal) == {"#/trigger/end_at"}
        assert shown(here) == found


PATCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"task": "add", "args": {"a": 1}}, {"task": "add", "args": {"a": 1}}),
    ({"args": {"value": 5}}, {"args": {"value": 5}}),
    ({"trigger": NINE}, {"trigger": {**NINE, "timezone": "UTC"}, "timezone": "UTC"}),
    ({"trigger": NINE, "timezone": "Asia/Kathmandu"},
     {"trigger": {**NINE, "timezone": "Asia/Kathmandu"}, "timezone": "Asia/Kathmandu"}),
    ({"timezone": "Europe/Helsinki"},
     {"trigger": {**EVERY_TEN, "timezone": "Europe/Helsinki"}, "timezone": "Europe/Helsinki"}),
    ({"timezone": None}, {}),
    ({"jitter": 1.5}, {"jitter": 1.5}),
    ({"misfire": "skip"}, {"misfire": "skip"}),
    ({"misfire_grace": 5}, {"misfire_grace": 5}),
    ({"misfire_grace": None}, {}),
    ({"max_running": None}, {"max_running": None}),
    ({"max_running": 3.0}, {"max_running": 3}),
    ({"paused": True}, {"paused": True, "next_fire_at": None}),
    ({"paused": True, "jitter": 2}, {"paused": True, "jitter": 2, "next_fire_at": None}),
    ({}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "changes"), PATCHES, ids=[str(body) for body, _ in PATCHES])
def test_patch_changes_what_it_names(tmp_path: Path, body: dict[str, Any], changes: dict[str, Any]) -> None:
    """Each key alone; the rest stays, and so does the next fire time unless the trigger changes."""
    with api_client(tmp_path) as here:
        before = made(here, args={"value": 3})
        found = ok(send(here, "PATCH", "/s", body))
        free = {"updated_at"} | ({"next_fire_at"} if changes.keys() & {"trigger"} else set())
        assert {name: found[name] for name in KEYS - free} == {
            name: {**before, **changes}[name] for name in KEYS - free
        }
        assert shown(here) == found


@pytest.mark.parametrize(
    ("body", "place"),
    [({"id": "other"}, "#/id"), ({"args": {"x": 1}}, "#/args/x"), ({"misfire": "once"}, "#/misfire"),
     ({"timezone": "Mars/Olympus"}, "#/trigger/timezone"), ({"trigger": {"seconds": 5}}, "#/trigger/type"),
     ({"task": "nobody"}, "#/task"), ({"task": "add"}, "#/args/value"),
     ({"max_running": 0}, "#/max_running")],
)  # fmt: skip
def test_a_patch_that_cannot_be_changes_nothing(tmp_path: Path, body: dict[str, Any], place: str) -> None:
    """422 with the place, also where the parts do not fit together."""
    with api_client(tmp_path) as here:
        before = made(here, args={"value": 3})
        response = send(here, "PATCH", "/s", body)
        assert response.status_code == 422
        assert pointers(response.get_json()) == {place}
        assert shown(here) == before


def test_what_code_declares_is_changed_there(tmp_path: Path) -> None:
    """409 for PUT, PATCH, DELETE and POST under its id; pausing alone is allowed, by PATCH too."""
    with with_declared(tmp_path) as here:
        before = shown(here, "coded")
        assert before["declared_by"] == "host"
        is_problem(send(here, "PUT", "/coded", NEW), 409, "invalid-state")
        is_problem(send(here, "PATCH", "/coded", {"jitter": 1}), 409, "invalid-state")
        is_problem(send(here, "PATCH", "/coded", {"jitter": 1, "paused": True}), 409, "invalid-state")
        is_problem(send(here, "DELETE", "/coded"), 409, "invalid-state")
        is_problem(send(here, "POST", "", {"id": "coded", **NEW}), 409, "already-exists")
        assert shown(here, "coded") == before
        for paused in (True, True, False, False):
            assert ok(send(here, "PATCH", "/coded", {"paused": paused}))["paused"] is paused
        assert ok(send(here, "POST", "/coded/pause"))["paused"] is True
        assert ok(send(here, "POST", "/coded/run"), 202)["schedule_id"] == "coded"


def test_delete_forgets_it_and_keeps_its_jobs(tmp_path: Path) -> None:
    """204, then 404; the history goes, the jobs stay."""
    with api_client(tmp_path) as here:
        made(here)
        advance(here, 10)
        response = send(here, "DELETE", "/s")
        assert (response.status_code, response.data) == (204, b"")
        is_problem(send(here, "DELETE", "/s"), 404, "not-found")
        assert len(here.get("/jobs?schedule_id=s").get_json()["items"]) == 1
        made(here)
        assert ok(send(here, "GET", "/s/history")) == {"items": []}
