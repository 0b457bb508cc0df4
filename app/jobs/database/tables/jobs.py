"""The tables of jobs: the row of each, its tags, its unique key, its runs and its transitions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text

from ...options import STORED
from ...states import FINAL, STATES
from ..columns import BigId, Id, Name, Time, check, one_of, option_column, partial
from .metadata import METADATA

MAY_EXPIRE: Final = "expires_at IS NOT NULL AND run = 0 AND finished_at IS NULL"
"""Of which jobs the time may run out: what has once been claimed does not expire any more."""

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
    # Its unique key as it is shown; who holds the key is a row of UNIQUE_KEYS.
    Column("unique_key", String(255)),
    # It is cancelled if it was not claimed by then.
    Column("expires_at", Time),
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
    # The key of a limit that it waits for: due, but no claim reads it before that limit lets it go.
    Column("parked", String(400)),
    # While it runs: the keys that it counts against, of its task's limit and of its queue's.
    Column("limit_key", String(400)),
    Column("queue_key", String(210)),
    # Of a job of a fair task: the value of the argument whose values take turns.
    Column("fair_key", String(100)),
    # How many of those that it depends on have not ended as it needs. Above 0 in a cancelled job: it was
    # cancelled for one of them, and waits again when that is retried.
    Column("unmet", Integer),
    # Which argument takes the result of what it depends on.
    Column("result_into", String(200)),
    # Whether its end concerns others: jobs that wait for it, its batch, its callback. Null for no.
    Column("awaited", Boolean),
    check(f"state IN ({one_of(STATES)})", "jobs_state"),
    check(f"(state IN ({one_of(FINAL)})) = (finished_at IS NOT NULL)", "jobs_finished"),
    check("(state = 'running') = (claim IS NOT NULL)", "jobs_claim"),
    check("attempt >= 0 AND run >= attempt AND max_attempts >= 1 AND crashes >= 0", "jobs_attempt"),
    check("on_interrupt IN ('retry', 'fail')", "jobs_on_interrupt"),
    partial("ix_simmer_jobs_due", "queue", "priority", "run_at", "id", where="due = {true}"),
    partial(
        "ix_simmer_jobs_fair",
        "task",
        "queue",
        "priority",
        "fair_key",
        "run_at",
        "id",
        where="fair_key IS NOT NULL AND due = {true}",
    ),
    partial("ix_simmer_jobs_wake", "wake_at", where="wake_at IS NOT NULL"),
    partial("ix_simmer_jobs_running", "worker", where="claim IS NOT NULL"),
    partial("ix_simmer_jobs_parked", "parked", "priority", "run_at", "id", where="parked IS NOT NULL"),
    partial("ix_simmer_jobs_limited", "limit_key", where="limit_key IS NOT NULL AND claim IS NOT NULL"),
    partial("ix_simmer_jobs_of_queue", "queue_key", where="queue_key IS NOT NULL AND claim IS NOT NULL"),
    partial(
        "uq_simmer_jobs_fire_time",
        "schedule_id",
        "fire_time",
        where="schedule_id IS NOT NULL",
        unique=True,
    ),
    partial("ix_simmer_jobs_open", "schedule_id", where="schedule_id IS NOT NULL AND finished_at IS NULL"),
    partial("ix_simmer_jobs_batch", "batch_id", where="batch_id IS NOT NULL"),
    partial("ix_simmer_jobs_expires", "expires_at", where=MAY_EXPIRE),
    partial("ix_simmer_jobs_finished", "finished_at", where="finished_at IS NOT NULL"),
    # Jobs that keep their results as long as themselves never enter it; the others leave it with the result.
    partial(
        "ix_simmer_jobs_results",
        "keep_result_for",
        "finished_at",
        where="keep_result_for IS NOT NULL AND result IS NOT NULL",
    ),
    Index("ix_simmer_jobs_state", "state", "id"),
    Index("ix_simmer_jobs_task", "task", "id"),
    # All jobs have such a `run`: without a word of it no statement takes this index, which is for lists, and
    # not for claims. On SQLite these would read it, and so would workers of the version before.
    partial("ix_simmer_jobs_queue", "queue", "id", where="run >= 0"),
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

RETENTIONS: Final = Table(
    "simmer_retentions",
    METADATA,
    Column("task", String(200), primary_key=True),
    Column("app", String(200), nullable=False),
    Column("seconds", Float, nullable=False),
)
"""How long the finished jobs of a task are kept, where its app says so, in place of JOBS_RETENTION."""


UNIQUE_KEYS: Final = Table(
    "simmer_unique_keys",
    METADATA,
    # A digest of the app, the task and the job's key.
    Column("key", String(64), primary_key=True),
    Column("job_id", Id, nullable=False),
    # Null: the job has the key until it is final.
    Column("expires_at", Time),
    Index("ix_simmer_unique_keys_job", "job_id"),
    partial("ix_simmer_unique_keys_expires", "expires_at", where="expires_at IS NOT NULL"),
)
"""Which job has a unique key: while this row is in force, no other job gets it."""

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
    # Who asked for it: null for what nobody did, and where that is not known.
    Column("done_by", Name),
    Index("ix_simmer_events_job", "job_id", "id"),
    sqlite_autoincrement=True,
)
"""One transition of a job, written in the transaction that made it."""
