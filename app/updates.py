"""The periodic job and its page: every 30 seconds, and once at the start."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request
from sqlalchemy import func, select

from .extensions import db, jobs
from .models import Update, User

SHOWN: Final = 10

blueprint = Blueprint("updates", __name__, url_prefix="/updates")


@jobs.schedule("interval", seconds=30, start_now=True, id="updates.refresh")
@jobs.task("updates.refresh")
def refresh() -> dict[str, int]:
    """Store the current number of users."""
    users = db.session.scalar(select(func.count()).select_from(User)) or 0
    db.session.add(Update(users=users))
    db.session.commit()
    return {"users": users}


@blueprint.get("")
@jobs.requires("read")
def latest() -> Response | str:
    """The latest ten, as a page or (`Accept: application/json`, `?format=json`) as JSON."""
    rows = db.session.scalars(select(Update).order_by(Update.id.desc()).limit(SHOWN)).all()
    items = [_item(row) for row in rows]
    if _wants_json():
        return jsonify(items=items)
    return render_template("updates.html", updates=items)


def _item(row: Update) -> dict[str, Any]:
    # SQLite returns naive datetimes, whatever was stored: these are UTC.
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    return {
        "id": row.id,
        "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "users": row.users,
    }


def _wants_json() -> bool:
    accepted = request.accept_mimetypes
    prefers = accepted.best_match(["text/html", "application/json"], default="text/html")
    return request.args.get("format") == "json" or prefers == "application/json"
