"""A JOBS_AUTH that looks at the job: one that takes three parameters is called with the job of the route."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Request, current_app

from ..config import Settings
from ..errors import JobNotFound
from ..ids import is_id
from ..job import Job
from ..service import runtime

_JOB: Final = "flask_simmer.job"
"""Where the environ of a request has its job: every right is asked of one reading."""


def with_job(settings: Settings) -> Settings:
    """The settings with an `auth` that takes a request and a right, whatever the host's takes."""
    auth: Callable[..., Any] | None = settings.auth
    if auth is None or not _takes_job(auth):
        return settings
    return replace(settings, auth=lambda request, right: auth(request, right, _job_of(request)))


def _takes_job(auth: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(auth).parameters.values()
    except ValueError:  # some builtins do not tell their signature
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return len([each for each in parameters if each.kind in kinds]) > 2


def _job_of(request: Request) -> Job | None:
    """The job that the route is about; None on others, and where there is no such job."""
    if _JOB not in request.environ:
        request.environ[_JOB] = _read_job(request)
    return request.environ[_JOB]  # type: ignore[no-any-return]


def _read_job(request: Request) -> Job | None:
    argument = getattr(current_app.view_functions.get(request.endpoint or ""), "job", None)
    id = str((request.view_args or {}).get(str(argument)))
    if not is_id(id):
        return None
    try:
        return runtime().jobs.get(id)
    except JobNotFound:
        return None
