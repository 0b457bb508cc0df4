"""The tables of processes: workers, what they count, and what one process at a time does."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text

from ..columns import BigId, Id, Time, check
from .metadata import METADATA

WORKERS: Final = Table(
    "simmer_workers",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("boot_id", String(64)),
    Column("pid_namespace", String(64)),
    Column("process_start", String(32)),
    Column("engine", String(10), nullable=False),
    Column("threads", Integer, nullable=False),
    Column("queues", Text),
    # Its JOBS_APP, where that is set.
    Column("app", String(200)),
    # The names of the tasks that it knows, as a JSON list; null where that is unknown.
    Column("tasks", Text),
    Column("state", String(10), nullable=False),
    Column("started_at", Time, nullable=False),
    Column("heartbeat_at", Time, nullable=False),
    # Grows with every sign of life; observers watch it on their own monotonic clock.
    Column("beat", BigInteger, nullable=False),
    check("state IN ('running', 'draining')", "workers_state"),
)
"""A live process that runs jobs: no row, no claim."""

STUCK_RUNS: Final = Table(
    "simmer_stuck_runs",
    METADATA,
    Column("worker", Id, primary_key=True),
    Column("job_id", Id, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("task", String(200), nullable=False),
    Column("since", Time, nullable=False),
)
"""A run that was ended while its thread goes on, until that ends or its worker does."""

THREAD_DUMPS: Final = Table(
    "simmer_thread_dumps",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("worker", Id, nullable=False),
    Column("requested_at", Time, nullable=False),
    # What its threads did, as JSON; null until it has answered.
    Column("answer", Text),
)
"""A request to a worker for what its threads do, for the seconds in which somebody waits for the answer."""

COUNTERS: Final = Table(
    "simmer_counters",
    METADATA,
    # Whoever counted, so that processes do not wait for each other's rows; empty in the rows of those gone.
    Column("worker", Id, primary_key=True),
    Column("task", String(200), primary_key=True),
    Column("name", String(20), primary_key=True),
    # Of a histogram: the upper bound in milliseconds.
    Column("bucket", BigId, primary_key=True, autoincrement=False),
    Column("count", BigId, nullable=False),
    Column("seconds", Float, nullable=False),
)
"""What has happened since the tables were made: it only grows, and jobs that are deleted stay counted."""

LEASES: Final = Table(
    "simmer_leases",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("holder", Id, nullable=False),
    Column("until", Time, nullable=False),
)
"""Which process does something that one at a time is enough for, and until when."""
