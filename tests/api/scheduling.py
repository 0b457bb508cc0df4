"""What the tests of schedules over HTTP share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from .api_client import API, ApiClient, api_client

EVERY_TEN = {"type": "interval", "seconds": 10}
NINE = {"type": "cron", "expression": "0 9 * * *"}
NEW = {"task": "tick", "trigger": EVERY_TEN}
DEFAULTS = {"misfire": "latest", "misfire_grace": None, "max_running": 1, "jitter": 0, "paused": False}
KEYS = {
    "id", "task", "args", "trigger", "timezone", *DEFAULTS, "declared_by", "overdue",
    "next_fire_at", "last_fire_at", "created_at", "updated_at", "updated_by",
}  # fmt: skip


def send(here: ApiClient, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
    """A request below `/schedules`."""
    more = {} if body is None else {"json": body}
    return here.client.open(f"{API}/schedules{path}", method=method, **more, **options)


def ok(response: TestResponse, status: int = 200) -> Any:
    """The body of an answer that has that status."""
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json()


def made(here: ApiClient, **body: Any) -> dict[str, Any]:
    """A schedule `s` of the task `tick` each ten seconds, unless `body` says otherwise."""
    shown: dict[str, Any] = ok(send(here, "POST", "", {"id": "s", **NEW, **body}), 201)
    return shown


def shown(here: ApiClient, id: str = "s") -> dict[str, Any]:
    """The schedule as it is."""
    found: dict[str, Any] = ok(send(here, "GET", f"/{id}"))
    return found


def advance(here: ApiClient, seconds: float) -> None:
    """So many seconds pass, and what fires runs."""
    with here.app.app_context():
        here.jobs.testing.advance(seconds)
        here.jobs.testing.drain()


def moment(text: str) -> datetime:
    """A time of an answer."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


@contextmanager
def with_declared(folder: Path) -> Iterator[ApiClient]:
    """A client of an app whose code declares the schedule `coded`, as a worker has stored it."""
    with api_client(folder) as here:
        here.jobs.schedule("interval", minutes=5, id="coded")(here.jobs.task("coded")(_coded))
        advance(here, 1)
        yield here


def _coded() -> None: ...
