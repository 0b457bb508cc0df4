"""Three examples, for users of other libraries.

Flask-Executor or ThreadPoolExecutor: see `start_count`, work started from a route.
APScheduler: see `tidy`, work on a schedule.
Celery: see `count`, a task that is called by name, from Python with
`jobs.submit("count", args={"to": 10})` or over HTTP with `POST /api/v1/jobs`.
"""

from __future__ import annotations

from threading import Event
from typing import Any, Final

from flask import Blueprint, Response
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy import delete, func, select

from . import uploads
from .extensions import db, jobs
from .jobs import current_job
from .models import Update

UPDATES_KEPT: Final = 1_000

blueprint = Blueprint("examples", __name__, url_prefix="/examples")


# 1. Work started from a route: what was `executor.submit(count, 50)` becomes `count.submit(to=50)`. The
#    caller gets an id to poll, and the work outlives this process.


@blueprint.post("/count")
@jobs.requires("submit")
def start_count() -> Response:
    """Start counting in the pool and answer at once."""
    return jobs.accepted(count.submit(to=50))


# 2. Work on a schedule: what was `scheduler.add_job(tidy, "interval", hours=1)` becomes a decorator. However
#    many processes serve, each hour has one run.


@jobs.schedule("interval", hours=1, id="examples.tidy")
@jobs.task("examples.tidy")
def tidy() -> dict[str, int]:
    """Delete old updates and left-over uploads."""
    newest = db.session.scalar(select(func.max(Update.id))) or 0
    old = db.session.execute(delete(Update).where(Update.id <= newest - UPDATES_KEPT))
    db.session.commit()
    return {"updates": old.rowcount, "uploads": uploads.sweep()}  # type: ignore[attr-defined]


# 3. Work by name: what was `celery.send_task("count", kwargs={"to": 50})` is a POST that needs no client
#    library. The schema is checked before the job is accepted, whoever submits it.


class CountArgs(Schema):
    """What `count` takes: how far, and the seconds between two numbers."""

    class Meta:
        unknown = RAISE

    to = fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 10_000))
    pause = fields.Float(load_default=0.1, validate=validate.Range(0, 1))


@jobs.task("count", schema=CountArgs)
def count(to: int = 50, pause: float = 0.1) -> dict[str, Any]:
    """Count with a pause after each number: five seconds of progress to watch."""
    never = Event()
    current_job.log.info("counting to %d", to)
    for _ in current_job.track(range(to), message="counting"):
        never.wait(pause)
    return {"counted_to": to}
