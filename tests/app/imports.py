"""What the tests of imports share."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from app import uploads
from app.extensions import db, jobs
from app.models import Import, User

from .support import people

GOOD = people(3)


def send(app: Flask, text: str) -> Any:
    return app.test_client().post("/users/import", data=text, content_type="text/csv")


def finish(app: Flask, job_id: str) -> Any:
    """Run all that is queued; the job's JSON."""
    with app.app_context():
        jobs.testing.drain()
    return app.test_client().get(f"/api/v1/jobs/{job_id}").json


def count_users(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(User)) or 0


def uploaded(app: Flask) -> list[Path]:
    return list(Path(app.config["UPLOAD_FOLDER"]).glob("*"))


def stored_upload(app: Flask, text: str) -> UUID:
    """An upload as the view leaves it, without its job."""
    with app.app_context():
        upload = uploads.save(io.BytesIO(text.encode()))
        db.session.add(Import(upload=str(upload)))
        db.session.commit()
    return upload
