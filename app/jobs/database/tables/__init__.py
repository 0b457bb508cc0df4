"""The tables. What must never be stored is a constraint here, not a habit of the callers.

A column that is added to a table must be nullable or have a server default: see `schema`.
"""

from .dependencies import BATCHES, CALLBACKS, DEPENDENCIES
from .history import HISTORY, WATERMARKS
from .jobs import ATTEMPTS, EVENTS, JOBS, MAY_EXPIRE, RETENTIONS, TAGS, UNIQUE_KEYS
from .limits import CONTROLS, LIMIT_KEYS, RATE_CLAIMS, TURNS
from .logs import EMITTED, LOGS
from .metadata import FORMERLY, METADATA
from .output import FILE_PARTS, FILES, STEPS
from .requests import IDEMPOTENCY
from .schedules import FIRES, SCHEDULES
from .workers import COUNTERS, LEASES, STUCK_RUNS, THREAD_DUMPS, WORKERS

__all__ = [
    "ATTEMPTS", "BATCHES", "CALLBACKS", "CONTROLS", "COUNTERS", "DEPENDENCIES", "EMITTED", "EVENTS", "FILES",
    "FILE_PARTS", "FIRES", "FORMERLY", "HISTORY", "IDEMPOTENCY", "JOBS", "LEASES", "LIMIT_KEYS", "LOGS",
    "MAY_EXPIRE", "METADATA", "RATE_CLAIMS", "RETENTIONS", "SCHEDULES", "STEPS", "STUCK_RUNS", "TAGS",
    "THREAD_DUMPS", "TURNS", "UNIQUE_KEYS", "WATERMARKS", "WORKERS",
]  # fmt: skip
