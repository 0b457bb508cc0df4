"""The periodic job and its page."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import examples, updates
from app.extensions import db, jobs
from app.models import Update

from .conftest import ServiceFactory


def shown(app: Flask) -> list[Any]:
    answer = app.test_client().get("/updates", headers={"Accept": "application/json"})
    assert answer.json is not None
    return list(answer.json["items"])


def test_it_runs_at_once_and_every_thirty_seconds(make_service: ServiceFactory) -> None:
    """A row at the start and one for each half minute."""
    app = make_service()
    with app.app_context():
        jobs.testing.advance("0s")
        jobs.testing.drain()
        assert len(shown(app)) == 1
        for _ in range(2):
            jobs.testing.advance("30s")
            jobs.testing.drain()
    assert len(shown(app)) == 3


def test_the_latest_ten_are_shown_as_page_and_as_json(make_service: ServiceFactory) -> None:
    """Newest first, by Accept or by ?format=json; a browser gets the page."""
    app = make_service()
    with app.app_context():
        for _ in range(12):
            updates.refresh()
    client = app.test_client()
    items = shown(app)
    assert [item["id"] for item in items] == list(range(12, 2, -1))
    assert all(item["at"].endswith("Z") and item["users"] == 0 for item in items)
    assert client.get("/updates?format=json").json == {"items": items}
    page = client.get("/updates", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.mimetype == "text/html"
    assert page.text.count("<time") == 10


def test_old_updates_are_tidied_away(make_service: ServiceFactory) -> None:
    """The table stays bounded."""
    app = make_service()
    with app.app_context():
        db.session.add_all([Update(users=0) for _ in range(examples.UPDATES_KEPT + 5)])
        db.session.commit()
        assert examples.tidy() == {"updates": 5, "uploads": 0}
