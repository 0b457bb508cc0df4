"""The tables. What must never be stored is a constraint here, not a habit of the callers.

A column that is added to a table must be nullable or have a server default: see `schema`.
"""

from .jobs import ATTEMPTS, EVENTS, JOBS, MAY_EXPIRE, TAGS, UNIQUE_KEYS
from .metadata import FORMERLY, METADATA
from .requests import IDEMPOTENCY
from .schedules import FIRES, SCHEDULES
from .workers import COUNTERS, LEASES, THREAD_DUMPS, WORKERS

__all__ = [
    "ATTEMPTS", "COUNTERS", "EVENTS", "FIRES", "FORMERLY", "IDEMPOTENCY", "JOBS", "LEASES",
    "MAY_EXPIRE", "METADATA", "SCHEDULES", "TAGS", "THREAD_DUMPS", "UNIQUE_KEYS", "WORKERS",
]  # fmt: skip
