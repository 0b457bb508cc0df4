"""`Idempotency-Key` on `POST /users/import`: a repeated upload is imported once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import URL, func, select

from app.extensions import db, jobs
from app.models import Import

from .conftest import ServiceFactory
from .support import csv_text, people


def send(app: Flask, text: str) -> Any:
    headers = {"Idempotency-Key": "k"}
    return app.test_client().post("/users/import", data=text, content_type="text/csv", headers=headers)


def test_the_same_file_again_is_the_first_job(make_service: ServiceFactory, url: URL) -> None:
    """One job, one stored file and one import; another file under the key is refused and not kept."""
    app = make_service(url=url)
    first, again = send(app, csv_text(people(3))), send(app, csv_text(people(3)))
    assert (first.status_code, again.status_code) == (202, 202)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["id"] == first.json["id"]
    other = send(app, csv_text(people(4)))
    assert (other.status_code, other.mimetype) == (422, "application/problem+json")
    assert len(list(Path(app.config["UPLOAD_FOLDER"]).glob("*"))) == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Import)) == 1
        jobs.testing.drain()
        assert jobs.get(first.json["id"]).result["imported"] == 3
        jobs.delete(first.json["id"])
    assert send(app, csv_text(people(3))).status_code == 410


def test_a_refused_file_is_not_remembered(make_service: ServiceFactory) -> None:
    """After a header that is wrong the key is free for the right one."""
    app = make_service()
    assert send(app, "a,b\n1,2\n").status_code == 422
    good = send(app, csv_text(people(1)))
    assert good.status_code == 202
    assert "Idempotency-Replayed" not in good.headers
