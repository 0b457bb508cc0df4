"""The tables. What must never be stored is a constraint here, not a habit of the callers.

A column that is added to a table must be nullable or have a server default: see `schema`.

Kept on metadata of our own and copied into the host's by `connect.copy_tables`, so that the host's
`create_all`, session and migrations see them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from ..options import STORED
from ..states import FINAL, STATES
from .columns import BigId, Id, Time, check, one_of, option_column, partial

METADATA: Final = MetaData()
FORMERLY: Final = "formerly"
"""In the `info` of a column: its name in an earlier version, from which its values are taken."""

JOBS: Final = Table(
    "simmer_jobs",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("task", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("args", Text, nullable=False),
    *(option_column(name, option) for name, option in STORED.items()),
    Column("attempt", Integer, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("progress", Text),
    Column("created_at", Time, nullable=False),
    Column("run_at", Time, nullable=False),
    Column("claimed_at", Time),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("cancel_requested_at", Time),
    Column("schedule_id", String(64)),
    Column("fire_time", Time),
    Column("batch_id", Id),
    # The app whose workers alone run it (an explicit JOBS_APP); null for any worker that knows its task.
    Column("app", String(200)),
    Column("worker", Id),
    Column("engine", String(10)),
    Column("version", Integer, nullable=False),
    # When a job that is not due will be: `run_at` of a scheduled or retrying one, until then.
    Column("wake_at", Time),
    # Its time has come and nobody has claimed it: the claim reads nothing else.
    Column("due", Boolean, nullable=False),
    # The random token of the run in progress; it fences every write of that run.
    Column("claim", String(32)),
    # How often the job was claimed.
    Column("run", Integer, nullable=False),
    # The next claim runs under the same attempt number: the last one was not spent.
    Column("rerun", Boolean, nullable=False),
    # Its claim found no free thread for it: it has begun if `started_at` says so, not else.
    Column("prefetched", Boolean),
    # How many of its runs had begun and ended with the death of their process.
    Column("crashes", Integer, nullable=False),
    check(f"state IN ({one_of(STATES)})", "jobs_state"),
    check(f"(state IN ({one_of(FINAL)})) = (finished_at IS NOT NULL)", "jobs_finished"),
    check("(state = 'running') = (claim IS NOT NULL)", "jobs_claim"),
    check("attempt >= 0 AND run >= attempt AND max_attempts >= 1 AND crashes >= 0", "jobs_attempt"),
    check("on_interrupt IN ('retry', 'fail')", "jobs_on_interrupt"),
    partial("ix_simmer_jobs_due", "queue", "priority", "run_at", "id", where="due = {true}"),
    partial("ix_simmer_jobs_wake", "wake_at", where="wake_at IS NOT NULL"),
    partial("ix_simmer_jobs_running", "worker", where="claim IS NOT NULL"),
    partial(
        "uq_simmer_jobs_fire_time",
        "schedule_id",
        "fire_time",
        where="schedule_id IS NOT NULL",
        unique=True,
    ),
    partial("ix_simmer_jobs_open", "schedule_id", where="schedule_id IS NOT NULL AND finished_at IS NULL"),
    partial("ix_simmer_jobs_batch", "batch_id", where="batch_id IS NOT NULL"),
    partial("ix_simmer_jobs_finished", "finished_at", where="finished_at IS NOT NULL"),
    Index("ix_simmer_jobs_state", "state", "id"),
    Index("ix_simmer_jobs_task", "task", "id"),
)
"""A job: the row is the job, the pool is only a way to run it."""

TAGS: Final = Table(
    "simmer_tags",
    METADATA,
    Column("tag", String(100), primary_key=True),
    Column("job_id", Id, primary_key=True),
    Index("ix_simmer_tags_job", "job_id"),
)
"""One tag of one job, for finding jobs by tag."""

ATTEMPTS: Final = Table(
    "simmer_attempts",
    METADATA,
    Column("job_id", Id, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("outcome", String(10)),
    Column("worker", Id, nullable=False),
    Column("claimed_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("error", Text),
    check("(outcome IS NULL) = (finished_at IS NULL)", "attempts_finished"),
)
"""One run of a job: made by its claim, ended by its outcome."""

EVENTS: Final = Table(
    "simmer_events",
    METADATA,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("job_id", Id, nullable=False),
    Column("at", Time, nullable=False),
    Column("type", String(20), nullable=False),
    Column("from_state", String(10)),
    Column("to_state", String(10), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Id),
    Column("reason", Text),
    Index("ix_simmer_events_job", "job_id", "id"),
    sqlite_autoincrement=True,
)
"""One transition of a job, written in the transaction that made it."""

SCHEDULES: Final = Table(
    "simmer_schedules",
    METADATA,
    Column("id", String(64), primary_key=True),
    # The app whose code declares it; None for one made at run time.
    Column("app", String(200)),
    # The app of its jobs, whose processes alone fire it; null for all.
    Column("jobs_app", String(200)),
    Column("task", String(200), nullable=False),
    Column("args", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("anchor", Time, nullable=False),
    Column("next_fire_at", Time),
    # Until when the next fire time may wait for others, to share a transaction with them.
    Column("fire_by", Time),
    Column("last_fire_at", Time),
    Column("paused", Boolean, nullable=False),
    # Dropped by the code that declared it: kept for its history, never fired.
    Column("retired", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    partial(
        "ix_simmer_schedules_next",
        "next_fire_at",
        where="paused = {false} AND retired = {false}",
    ),
)
"""A stored rule that submits a task at its trigger's fire times."""

FIRES: Final = Table(
    "simmer_fires",
    METADATA,
    Column("schedule_id", String(64), primary_key=True),
    Column("fire_time", Time, primary_key=True),
    Column("decision", String(10), nullable=False),
    Column("count", Integer, nullable=False),
    Column("decided_at", Time, nullable=False),
    Column("job_id", Id),
    Column("reason", Text),
    # How long after the fire time the decision was made.
    Column("late_seconds", Float, nullable=False),
    check("decision IN ('fired', 'coalesced', 'misfired', 'skipped', 'paused')", "fires_decision"),
    check("(decision = 'fired') = (job_id IS NOT NULL)", "fires_job"),
    Index("ix_simmer_fires_time", "fire_time"),
)
"""The one decision about one fire time (promise 5). `count` > 1: about as many, from this one on."""

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

IDEMPOTENCY: Final = Table(
    "simmer_idempotency",
    METADATA,
    Column("scope", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("resource_id", String(64), info={FORMERLY: "job_id"}),
    Column("created_at", Time, nullable=False),
    Index("ix_simmer_idempotency_created", "created_at"),
)
"""The first request with an Idempotency-Key, and the id of the job, batch or schedule that it made.

Which of the three it is the fingerprint says, which holds the route."""


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
