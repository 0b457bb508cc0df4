"""The dashboard: server-rendered pages for operators, the table of them, and the blueprint made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from flask import Blueprint
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ..api.access import OPEN
from ..errors import SimmerError
from . import (
    about,
    batches,
    bulk,
    job,
    job_actions,
    jobs,
    overview,
    queues,
    schedule_form,
    schedules,
    sign_in,
    tasks,
    workers,
)  # fmt: skip
from .access import protected
from .errors import show_error
from .rendering import BLUEPRINT

__all__ = ["PAGES", "create_dashboard"]


class Page(NamedTuple):
    """One verb on one path, the right that its visitor needs, and the view that answers."""

    method: str
    path: str
    right: str
    view: Callable[..., Response]


PAGES: Final = (
    Page("GET", "/", "read", overview.show_overview),
    Page("GET", "/jobs", "read", jobs.list_jobs),
    Page("GET", "/jobs/export", "read", jobs.export),
    Page("POST", "/jobs/bulk", "operate", bulk.act),
    Page("GET", "/jobs/<id>", "read", job.show_job),
    Page("POST", "/jobs/<id>/cancel", "operate", job_actions.cancel_job),
    Page("POST", "/jobs/<id>/retry", "operate", job_actions.retry_job),
    Page("POST", "/jobs/<id>/delete", "operate", job_actions.delete_job),
    Page("POST", "/jobs/<id>/edit", "operate", job_actions.edit_job),
    Page("GET", "/schedules", "read", schedules.list_schedules),
    Page("GET", "/schedules/new", "operate", schedule_form.new_schedule),
    Page("POST", "/schedules/new", "operate", schedule_form.create_schedule),
    Page("GET", "/schedules/<id>", "read", schedules.show_schedule),
    Page("GET", "/schedules/<id>/edit", "operate", schedule_form.edit_schedule),
    Page("POST", "/schedules/<id>/edit", "operate", schedule_form.change_schedule),
    Page("POST", "/schedules/<id>/pause", "operate", schedules.pause_schedule),
    Page("POST", "/schedules/<id>/resume", "operate", schedules.resume_schedule),
    Page("POST", "/schedules/<id>/skip", "operate", schedules.skip_schedule),
    Page("POST", "/schedules/<id>/run", "operate", schedules.run_schedule),
    Page("POST", "/schedules/<id>/delete", "operate", schedules.remove_schedule),
    Page("GET", "/tasks", "read", tasks.list_tasks),
    Page("GET", "/tasks/<name>", "read", tasks.show_task),
    Page("POST", "/tasks/<name>/run", "submit", tasks.run_task),
    Page("POST", "/tasks/<name>/limit", "operate", tasks.limit_task),
    Page("GET", "/queues", "read", queues.list_queues),
    Page("POST", "/queues/<name>/limit", "operate", queues.limit_queue),
    Page("GET", "/batches", "read", batches.list_batches),
    Page("GET", "/batches/<id>", "read", batches.show_batch),
    Page("POST", "/batches/<id>/cancel", "operate", batches.cancel_batch),
    Page("POST", "/batches/<id>/retry", "operate", batches.retry_batch),
    Page("GET", "/workers", "read", workers.list_workers),
    Page("GET", "/workers/<id>/threads", "operate", workers.show_threads),
    Page("GET", "/about", "read", about.show_about),
    Page("GET", "/sign-in", OPEN, sign_in.show_form),
    Page("POST", "/sign-in", OPEN, sign_in.sign_in),
    Page("POST", "/sign-out", OPEN, sign_in.sign_out),
)


class _Blueprint(Blueprint):
    def get_send_file_max_age(self, filename: str | None) -> int:
        """A year: the URL of a static file changes with its content."""
        return 365 * 24 * 3600


def create_dashboard(url_prefix: str) -> Blueprint:
    """The pages below `url_prefix`; error pages, styles and scripts included."""
    blueprint = _Blueprint(
        BLUEPRINT, __name__, url_prefix=url_prefix, template_folder="templates", static_folder="static"
    )
    for page in PAGES:
        blueprint.add_url_rule(page.path, page.view.__name__, _guarded(page), methods=[page.method])
    blueprint.register_error_handler(SimmerError, show_error)
    blueprint.register_error_handler(HTTPException, show_error)
    blueprint.register_error_handler(Exception, show_error)
    return blueprint


def _guarded(page: Page) -> Callable[..., Any]:
    if page.right == OPEN:
        page.view.right = OPEN  # type: ignore[attr-defined]
        return page.view
    view = protected(page.right, page.view)
    view.job = "id" if page.path.startswith("/jobs/<id>") else None  # type: ignore[attr-defined]
    return view
