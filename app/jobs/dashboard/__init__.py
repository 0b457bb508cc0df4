"""The dashboard: server-rendered pages for operators, the table of them, and the blueprint made from it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint
from werkzeug.exceptions import HTTPException

from ..api.access import OPEN
from ..api.route import Route, View
from ..api.views import UnloadedView
from ..errors import SimmerError
from .access import protected
from .errors import show_error
from .rendering import BLUEPRINT

__all__ = ["PAGES", "create_dashboard"]


def _page(method: str, path: str, right: str, view: str) -> Route:
    return Route(method, path, right, view, __name__)


PAGES: Final = (
    _page("GET", "/", "read", "overview.show_overview"),
    _page("GET", "/jobs", "read", "jobs.list_jobs"),
    _page("GET", "/jobs/export", "read", "jobs.export"),
    _page("POST", "/jobs/bulk", "operate", "bulk.act"),
    _page("GET", "/jobs/<id>", "read", "job.show_job"),
    _page("POST", "/jobs/<id>/cancel", "operate", "job_actions.cancel_job"),
    _page("POST", "/jobs/<id>/retry", "operate", "job_actions.retry_job"),
    _page("POST", "/jobs/<id>/delete", "operate", "job_actions.delete_job"),
    _page("POST", "/jobs/<id>/edit", "operate", "job_actions.edit_job"),
    _page("GET", "/schedules", "read", "schedules.list_schedules"),
    _page("GET", "/schedules/new", "operate", "schedule_form.new_schedule"),
    _page("POST", "/schedules/new", "operate", "schedule_form.create_schedule"),
    _page("GET", "/schedules/<id>", "read", "schedules.show_schedule"),
    _page("GET", "/schedules/<id>/edit", "operate", "schedule_form.edit_schedule"),
    _page("POST", "/schedules/<id>/edit", "operate", "schedule_form.change_schedule"),
    _page("POST", "/schedules/<id>/pause", "operate", "schedules.pause_schedule"),
    _page("POST", "/schedules/<id>/resume", "operate", "schedules.resume_schedule"),
    _page("POST", "/schedules/<id>/skip", "operate", "schedules.skip_schedule"),
    _page("POST", "/schedules/<id>/run", "operate", "schedules.run_schedule"),
    _page("POST", "/schedules/<id>/delete", "operate", "schedules.remove_schedule"),
    _page("GET", "/tasks", "read", "tasks.list_tasks"),
    _page("GET", "/tasks/<name>", "read", "tasks.show_task"),
    _page("POST", "/tasks/<name>/run", "submit", "tasks.run_task"),
    _page("POST", "/tasks/<name>/limit", "operate", "tasks.limit_task"),
    _page("GET", "/queues", "read", "queues.list_queues"),
    _page("POST", "/queues/<name>/limit", "operate", "queues.limit_queue"),
    _page("GET", "/batches", "read", "batches.list_batches"),
    _page("GET", "/batches/<id>", "read", "batches.show_batch"),
    _page("POST", "/batches/<id>/cancel", "operate", "batches.cancel_batch"),
    _page("POST", "/batches/<id>/retry", "operate", "batches.retry_batch"),
    _page("GET", "/workers", "read", "workers.list_workers"),
    _page("GET", "/workers/<id>/threads", "operate", "workers.show_threads"),
    _page("GET", "/about", "read", "about.show_about"),
    _page("GET", "/sign-in", OPEN, "sign_in.show_form"),
    _page("POST", "/sign-in", OPEN, "sign_in.sign_in"),
    _page("POST", "/sign-out", OPEN, "sign_in.sign_out"),
)


class _Blueprint(Blueprint):
    def get_send_file_max_age(self, filename: str | None) -> int:
        """A year: the URL of a static file changes with its content."""
        return 365 * 24 * 3600


def create_dashboard(url_prefix: str) -> Blueprint:
    """The pages below `url_prefix`; error pages, styles and scripts included."""
    blueprint = _Blueprint(BLUEPRINT, __name__, url_prefix=url_prefix, static_folder="static")
    for page in PAGES:
        blueprint.add_url_rule(
            page.path, page.endpoint, UnloadedView(page, _protected), methods=[page.method]
        )
    blueprint.register_error_handler(SimmerError, show_error)
    blueprint.register_error_handler(HTTPException, show_error)
    blueprint.register_error_handler(Exception, show_error)
    return blueprint


def _protected(route: Route, view: View) -> View:
    return protected(route.right, view)
