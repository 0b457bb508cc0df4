"""The options of a job: what they are, and what becomes of their values."""

from .definitions import (
    NO_OPTIONS,
    OF_SUBMISSION,
    OF_TASK,
    OUTSIDE,
    STORED,
    RequestOptions,
    SubmitOptions,
    TaskOptions,
)
from .option import Option
from .types import Backoff, Concurrency, Rate, Seconds, Unique
from .values import DEFAULTS, problems, read_options, read_value, stored_values, unknown_option

__all__ = [
    "DEFAULTS",
    "NO_OPTIONS",
    "OF_SUBMISSION",
    "OF_TASK",
    "OUTSIDE",
    "STORED",
    "Backoff",
    "Concurrency",
    "Option",
    "Rate",
    "RequestOptions",
    "Seconds",
    "SubmitOptions",
    "TaskOptions",
    "Unique",
    "problems",
    "read_options",
    "read_value",
    "stored_values",
    "unknown_option",
]
