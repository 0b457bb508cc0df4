"""JOBS_TIMEZONE: the zone of triggers that name none, whichever way they come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.jobs import ConfigError, InvalidArguments, Simmer

HELSINKI = "Europe/Helsinki"
NINE = {"type": "cron", "expression": "0 9 * * *"}
MakeApp = Callable[..., Flask]


def make(make_app: MakeApp, jobs: Simmer | None = None, **config: Any) -> tuple[Simmer, Flask]:
    """An app with the task `digest`, on the manual engine."""
    jobs = jobs or Simmer()
    jobs.task("digest")(_digest)
    return jobs, make_app(jobs, JOBS_ENGINE="manual", **config)


def _digest() -> None: ...


def hour(jobs: Simmer, id: str, zone: str = HELSINKI) -> int:
    """The hour that the clock of the zone shows at its next fire time."""
    at = jobs.get_schedule(id).next_fire_at
    assert at is not None
    return at.astimezone(ZoneInfo(zone)).hour


def test_every_way_in_takes_it(make_app: MakeApp) -> None:
    """Python, HTTP and a prompt, cron, calendar and or; a zone that is named wins."""
    jobs, app = make(make_app, JOBS_TIMEZONE=HELSINKI)
    client, console = app.test_client(), app.test_cli_runner()
    with app.app_context():
        jobs.add_schedule(id="python", task="digest", trigger="cron", hour=9)
        jobs.add_schedule(id="calendar", task="digest", trigger="calendar", days=2, hour=9)
        jobs.add_schedule(id="or", task="digest", trigger="or", triggers=[NINE])
        jobs.add_schedule(id="utc", task="digest", trigger="cron", hour=9, timezone="UTC")
        jobs.add_schedule(id="prefix", task="digest", trigger="cron", expression="TZ=UTC 0 9 * * *")
        body = {"task": "digest", "trigger": NINE}
        for method, path in (("POST", ""), ("PUT", "/put")):
            sent = body | ({"id": "post"} if method == "POST" else {})
            assert client.open(f"/api/v1/schedules{path}", method=method, json=sent).status_code == 201
        typed = ["jobs", "schedules", "add", "digest", "cron", "0 9 * * *", "--id", "typed"]
        assert console.invoke(args=typed).exit_code == 0
        for id in ("python", "calendar", "or", "post", "put", "typed"):
            assert (hour(jobs, id), jobs.get_schedule(id).timezone) == (9, HELSINKI)
        assert hour(jobs, "utc", "UTC") == hour(jobs, "prefix", "UTC") == 9


def test_a_preview_shows_it(make_app: MakeApp) -> None:
    """Over HTTP and at a prompt, with the local time and the words."""
    _, app = make(make_app, JOBS_TIMEZONE=HELSINKI)
    body = {"trigger": NINE, "after": "2026-06-01T12:00:00Z", "count": 1}
    found = app.test_client().post("/api/v1/schedules/preview", json=body).get_json()
    assert found["next"] == [{"at": "2026-06-02T06:00:00Z", "local": "2026-06-02T09:00:00+03:00"}]
    assert HELSINKI in found["description"]
    typed = ["preview", "cron", "0 9 * * *", "--after", "2026-06-01T12:00:00Z", "--count", "1", "--json"]
    printed = app.test_cli_runner().invoke(args=["jobs", "schedules", *typed])
    assert json.loads(printed.stdout) == found


def test_times_without_an_offset_are_meant_there(make_app: MakeApp) -> None:
    """Where a zone is set; else they are refused, as nobody knows what they mean."""
    words = {"type": "date", "run_at": "2030-06-01T09:00:00"}
    jobs, app = make(make_app, JOBS_TIMEZONE=HELSINKI)
    with app.app_context():
        jobs.add_schedule(id="once", task="digest", trigger=words)
        assert hour(jobs, "once") == 9
    jobs, app = make(make_app)
    with app.app_context(), pytest.raises(InvalidArguments, match="#/trigger/run_at"):
        jobs.add_schedule(task="digest", trigger=words)


def test_a_stored_schedule_keeps_its_zone(make_app: MakeApp) -> None:
    """A change of something else leaves the trigger alone; one of the trigger takes the setting."""
    jobs, app = make(make_app)
    with app.app_context():
        jobs.add_schedule(id="nine", task="digest", trigger=NINE)
        jobs.add_schedule(id="often", task="digest", trigger="interval", hours=1)
        rows = app.config["SQLALCHEMY_DATABASE_URI"]
    jobs, app = make(make_app, SQLALCHEMY_DATABASE_URI=rows, JOBS_TIMEZONE=HELSINKI)
    with app.app_context():
        for id, zone in (("nine", "UTC"), ("often", None)):
            before = jobs.get_schedule(id)
            after = jobs.update_schedule(id, jitter=1)
            assert (before.timezone, after.timezone, after.trigger) == (zone, zone, before.trigger)
        assert jobs.update_schedule("nine", trigger=NINE).timezone == HELSINKI
        assert jobs.update_schedule("nine", timezone="UTC").timezone == "UTC"
        assert jobs.update_schedule("nine", timezone=None).timezone == HELSINKI


def test_an_unknown_zone_is_refused_at_the_start(make_app: MakeApp) -> None:
    """With the name of the setting."""
    with pytest.raises(ConfigError, match="JOBS_TIMEZONE='Mars/Olympus': must be the IANA name"):
        make(make_app, JOBS_TIMEZONE="Mars/Olympus")


def test_what_code_declares_follows_the_setting_of_its_app(make_app: MakeApp) -> None:
    """One Simmer serves apps of several zones, and a change of the setting moves the next fire time."""
    jobs = Simmer()
    jobs.schedule("cron", expression="0 9 * * *", id="nine")(jobs.task("digest")(_digest))
    jobs.schedule("cron", hour=9, timezone="UTC", id="utc")(jobs.task("digest")(_digest))
    _, first = make(make_app, jobs, JOBS_TIMEZONE=HELSINKI)
    _, second = make(make_app, jobs)
    for app, zone in ((first, HELSINKI), (second, "UTC")):
        with app.app_context():
            jobs.testing.advance(0)
            assert (hour(jobs, "nine", zone), jobs.get_schedule("nine").timezone) == (9, zone)
            assert hour(jobs, "utc", "UTC") == 9
    rows = first.config["SQLALCHEMY_DATABASE_URI"]
    _, moved = make(make_app, jobs, SQLALCHEMY_DATABASE_URI=rows, JOBS_TIMEZONE="Asia/Kathmandu")
    with moved.app_context():
        before = jobs.get_schedule("utc")
        jobs.testing.advance(0)
        assert hour(jobs, "nine", "Asia/Kathmandu") == 9
        assert jobs.get_schedule("utc") == before
