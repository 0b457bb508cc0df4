"""The use cases: open a transaction, call the store, answer with a value. Routes and commands call these."""

from __future__ import annotations

from ..store.queries import JobFilters
from ..tasks.options import NO_OPTIONS, RequestKey, ScheduleRequest, Submission, SubmitOptions
from .base import Host
from .jobs import JobService
from .scheduling import SchedulingService
from .status import StatusService
from .submit import SubmitService

__all__ = [
    "NO_OPTIONS",
    "Host",
    "JobFilters",
    "RequestKey",
    "ScheduleRequest",
    "Service",
    "Submission",
    "SubmitOptions",
]


class Service(SubmitService, JobService, SchedulingService, StatusService):
    """Everything that can be asked of the jobs of one app."""
