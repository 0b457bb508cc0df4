"""Flask-Simmer: background jobs for Flask with nothing but your database."""

from __future__ import annotations

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
from .execution.current_job import current_job
from .extension import Simmer
from .job import Job, JobList, Progress
from .run import Cancel, Snooze
from .tasks.backoff import fixed
from .tasks.task import Task
from .values import Batch

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
