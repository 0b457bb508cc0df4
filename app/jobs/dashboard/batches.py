"""The batches, and the page of one."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug import Response

from ..api.access import caller
from ..api.requests import batch_id
from ..service import runtime
from .rendering import page, path_of, see_other

SHOWN: Final = 20


def list_batches() -> Response:
    """`GET /batches`: the newest ones."""
    before = request.args.get("before")
    found = runtime().batches.latest(SHOWN, before and batch_id(before))
    following = path_of("list_batches", before=found[-1].id) if len(found) == SHOWN else None
    return page("batches.html", batches=found, next_page=following, is_first=before is None)


def show_batch(id: str) -> Response:
    """`GET /batches/{id}`: how far it is, and its jobs by state."""
    return page("batch.html", batch=runtime().batches.get(batch_id(id)))


def cancel_batch(id: str) -> Response:
    """`POST /batches/{id}/cancel`."""
    runtime().batches.cancel(batch_id(id), by=caller())
    return see_other("show_batch", id=id, notice="cancelled")


def retry_batch(id: str) -> Response:
    """`POST /batches/{id}/retry`: those of its jobs that failed."""
    runtime().batches.retry(batch_id(id), by=caller())
    return see_other("show_batch", id=id, notice="retried")
