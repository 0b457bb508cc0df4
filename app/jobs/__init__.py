"""Flask-Simmer: background jobs for Flask with nothing but your database."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    ArgumentsTooLarge,
    BatchNotFound,
    ConfigError,
    DatabaseUnavailable,
    FileNotFound,
    FileTooLarge,
    InvalidArguments,
    InvalidCursor,
    InvalidState,
    JobCancelled,
    JobNotFound,
    JobTimeout,
    NotReady,
    OpenTransaction,
    QueueFull,
    QueueNotFound,
    ResultNotSerializable,
    ResultTooLarge,
    ScheduleExists,
    ScheduleNotFound,
    SimmerError,
    TablesMissing,
    TaskDefinitionError,
    UniqueConflict,
    UnknownTask,
    WorkerLost,
)
from .job import Job, JobList, Progress
from .values import Batch

if TYPE_CHECKING:
    from .execution.current_job import current_job
    from .extension import Simmer
    from .run import Cancel, Snooze
    from .tasks.backoff import fixed
    from .tasks.task import Task

__all__ = [
    "ArgumentsTooLarge",
    "Batch",
    "BatchNotFound",
    "Cancel",
    "ConfigError",
    "DatabaseUnavailable",
    "FileNotFound",
    "FileTooLarge",
    "InvalidArguments",
    "InvalidCursor",
    "InvalidState",
    "Job",
    "JobCancelled",
    "JobList",
    "JobNotFound",
    "JobTimeout",
    "NotReady",
    "OpenTransaction",
    "Progress",
    "QueueFull",
    "QueueNotFound",
    "ResultNotSerializable",
    "ResultTooLarge",
    "ScheduleExists",
    "ScheduleNotFound",
    "Simmer",
    "SimmerError",
    "Snooze",
    "TablesMissing",
    "Task",
    "TaskDefinitionError",
    "UniqueConflict",
    "UnknownTask",
    "WorkerLost",
    "current_job",
    "fixed",
]

_MODULES = {
    "Cancel": ".run",
    "Simmer": ".extension",
    "Snooze": ".run",
    "Task": ".tasks.task",
    "current_job": ".execution.current_job",
    "fixed": ".tasks.backoff",
}


def __getattr__(name: str) -> Any:
    # At first use (PEP 562): `flask_simmer.client` alone needs neither Flask nor SQLAlchemy.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return value
