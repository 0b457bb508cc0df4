"""The HTTP API: the table of its routes, and the blueprint made from it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, default_exceptions

from ..errors import SimmerError
from . import problems
from .access import OPEN
from .cors import add_cors
from .description import KEY, Description
from .fallback import add_fallback
from .long_poll import SLOTS_KEY, LongPollSlots
from .responses import accepted
from .route import Route
from .views import UnloadedView, load_views, protected_view

__all__ = ["ROUTES", "accepted", "create_blueprint", "load_views"]


ROUTES: Final = (
    Route("GET", "/tasks", "read", "tasks.list_tasks"),
    Route("GET", "/tasks/<name>", "read", "tasks.get_task"),
    Route("PATCH", "/tasks/<name>", "operate", "tasks.patch_task"),
    Route("POST", "/jobs", "submit", "submissions.submit_job"),
    Route("POST", "/jobs/batch", "submit", "submissions.submit_batch"),
    Route("GET", "/batches/<id>", "read", "submissions.get_batch"),
    Route("POST", "/batches/<id>/cancel", "operate", "submissions.cancel_batch"),
    Route("POST", "/batches/<id>/retry", "operate", "submissions.retry_batch"),
    Route("GET", "/jobs", "read", "jobs.list_jobs"),
    Route("POST", "/jobs/actions", "operate", "jobs.act_on_jobs"),
    Route("GET", "/jobs/<id>", "read", "jobs.get_job"),
    Route("PATCH", "/jobs/<id>", "operate", "jobs.patch_job"),
    Route("DELETE", "/jobs/<id>", "operate", "jobs.delete_job"),
    Route("POST", "/jobs/<id>/cancel", "operate", "jobs.cancel_job"),
    Route("POST", "/jobs/<id>/retry", "operate", "jobs.retry_job"),
    Route("GET", "/jobs/<id>/result", "read", "jobs.get_result"),
    Route("GET", "/jobs/<id>/logs", "read", "logs.list_logs"),
    Route("GET", "/jobs/<id>/stream", "read", "streams.stream_job"),
    Route("GET", "/jobs/<id>/attempts", "read", "jobs.list_attempts"),
    Route("GET", "/jobs/<id>/events", "read", "jobs.list_events"),
    Route("GET", "/jobs/<id>/steps", "read", "jobs.list_steps"),
    Route("GET", "/jobs/<id>/files", "read", "files.list_files"),
    Route("GET", "/jobs/<id>/files/<name>", "read", "files.get_file"),
    Route("GET", "/schedules", "read", "schedules.list_schedules"),
    Route("GET", "/schedules/<id>", "read", "schedules.get_schedule"),
    Route("POST", "/schedules", "operate", "schedules.create_schedule"),
    Route("POST", "/schedules/preview", "read", "schedules.preview_schedule"),
    Route("PUT", "/schedules/<id>", "operate", "schedules.replace_schedule"),
    Route("PATCH", "/schedules/<id>", "operate", "schedules.patch_schedule"),
    Route("DELETE", "/schedules/<id>", "operate", "schedules.delete_schedule"),
    Route("GET", "/schedules/<id>/history", "read", "schedules.list_history"),
    Route("POST", "/schedules/<id>/skip", "operate", "schedules.skip_schedule"),
    Route("POST", "/schedules/<id>/pause", "operate", "schedules.pause_schedule"),
    Route("POST", "/schedules/<id>/resume", "operate", "schedules.resume_schedule"),
    Route("POST", "/schedules/<id>/run", "operate", "schedules.run_schedule"),
    Route("GET", "/queues", "read", "queues.list_queues"),
    Route("PATCH", "/queues/<name>", "operate", "queues.patch_queue"),
    Route("POST", "/queues/<name>/pause", "operate", "queues.pause_queue"),
    Route("POST", "/queues/<name>/resume", "operate", "queues.resume_queue"),
    Route("GET", "/stats", "read", "ops.get_stats"),
    Route("GET", "/workers", "read", "ops.list_workers"),
    Route("GET", "/workers/<id>/threads", "operate", "ops.list_threads"),
    Route("GET", "/metrics", "read", "metrics.get_metrics"),
    Route("GET", "/progress.js", OPEN, "progress.get_script"),
    Route("GET", "/health/live", OPEN, "ops.live"),
    Route("GET", "/health/ready", OPEN, "ops.ready"),
    Route("GET", "/openapi.json", "read", "docs.get_openapi"),
    Route("GET", "/docs", "read", "docs.get_docs"),
)


def create_blueprint(url_prefix: str, cors_origins: Collection[str] | None = None) -> Blueprint:
    """The API below `url_prefix`; its error handlers and its 404 do not reach beyond that prefix.

    Pages of `cors_origins` may call it from a browser.
    """
    blueprint = Blueprint("simmer", __name__, url_prefix=url_prefix)
    for route in ROUTES:
        # OPTIONS is left to the fallback, which lists the methods of all routes of a path.
        blueprint.add_url_rule(
            route.path, route.endpoint, UnloadedView(route, protected_view), methods=[route.method],
            provide_automatic_options=False,
        )  # fmt: skip
    blueprint.register_error_handler(problems.Problem, problems.handle_problem)
    blueprint.register_error_handler(SimmerError, problems.handle_simmer_error)
    blueprint.register_error_handler(Exception, problems.handle_unexpected)
    blueprint.register_error_handler(HTTPException, problems.handle_http_error)
    for code in default_exceptions:
        # By code as well: Flask looks for a handler of the code before one of the class, in the app too, so
        # that a host's 404 page would win over the HTTPException handler above.
        blueprint.register_error_handler(code, problems.handle_http_error)
    if cors_origins:
        add_cors(blueprint, cors_origins)
    blueprint.record(add_fallback)
    blueprint.record(_add_to_app)
    return blueprint


def _add_to_app(state: BlueprintSetupState) -> None:
    # For each app, not for each import: one process may serve several apps, with tasks of their own.
    state.app.extensions.setdefault(SLOTS_KEY, LongPollSlots())
    state.app.extensions.setdefault(KEY, Description(ROUTES))
