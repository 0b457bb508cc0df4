"""The tables. What must never be stored is a constraint here, not a habit of the callers.

A column that is added to a table must be nullable or have a server default: see `schema`.
"""

from .dependencies import BATCHES, DEPENDENCIES
from .jobs import ATTEMPTS, EVENTS, JOBS, TAGS
from .metadata import FORMERLY, METADATA
from .requests import IDEMPOTENCY
from .schedules import FIRES, SCHEDULES
from .workers import COUNTERS, LEASES, THREAD_DUMPS, WORKERS

__all__ = [
    "ATTEMPTS", "BATCHES", "COUNTERS", "DEPENDENCIES", "EVENTS", "FIRES", "FORMERLY", "IDEMPOTENCY", "JOBS",
    "LEASES", "METADATA", "SCHEDULES", "TAGS", "THREAD_DUMPS", "WORKERS",
]  # fmt: skip
