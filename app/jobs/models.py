"""The tables. What must never be stored is a constraint here, not a habit of the callers.

Kept on metadata of our own and copied into the host's by `copy_tables`, so that the host's
`create_all`, session and migrations see them.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import BigInteger, Boolean, DateTime, Float, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .columns import BigId, Id, Time, check, one_of, partial
from .states import FINAL, STATES


class Base(DeclarativeBase):
    """The metadata of every table of the package."""

    metadata = MetaData()


class JobRow(Base):
    """A job: the row is the job, the pool is only a way to run it."""

    __tablename__ = "simmer_jobs"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    task: Mapped[str] = mapped_column(String(200))
    queue: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    priority: Mapped[int] = mapped_column(Integer)
    args: Mapped[str] = mapped_column(Text)
    tags: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(Integer)
    max_attempts: Mapped[int] = mapped_column(Integer)
    timeout: Mapped[float | None] = mapped_column(Float)
    on_interrupt: Mapped[str] = mapped_column(String(5))
    result: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Time)
    run_at: Mapped[datetime] = mapped_column(Time)
    claimed_at: Mapped[datetime | None] = mapped_column(Time)
    started_at: Mapped[datetime | None] = mapped_column(Time)
    finished_at: Mapped[datetime | None] = mapped_column(Time)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Time)
    schedule_id: Mapped[str | None] = mapped_column(String(64))
    fire_time: Mapped[datetime | None] = mapped_column(Time)
    batch_id: Mapped[str | None] = mapped_column(Id)
    worker: Mapped[str | None] = mapped_column(Id)
    engine: Mapped[str | None] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(Integer)
    wake_at: Mapped[datetime | None] = mapped_column(Time)
    """When a job that is not due will be: `run_at` of a scheduled or retrying one, until then."""
    due: Mapped[bool] = mapped_column(Boolean)
    """Its time has come and nobody has claimed it: the claim reads nothing else."""
    claim: Mapped[str | None] = mapped_column(String(32))
    """The random token of the run in progress; it fences every write of that run."""
    run: Mapped[int] = mapped_column(Integer)
    """How often the job was claimed."""
    rerun: Mapped[bool] = mapped_column(Boolean)
    """The next claim runs under the same attempt number: the last one was not spent."""
    crashes: Mapped[int] = mapped_column(Integer)
    """How many of its runs ended with the death of their process."""

    __table_args__ = (
        check(f"state IN ({one_of(STATES)})", "jobs_state"),
        check(f"(state IN ({one_of(FINAL)})) = (finished_at IS NOT NULL)", "jobs_finished"),
        check("(state = 'running') = (claim IS NOT NULL)", "jobs_claim"),
        check("attempt >= 0 AND run >= attempt AND max_attempts >= 1 AND crashes >= 0", "jobs_attempt"),
        check("on_interrupt IN ('retry', 'fail')", "jobs_on_interrupt"),
        partial("ix_simmer_jobs_due", "queue", "priority", "run_at", "id", where=("due = 1", "due")),
        partial("ix_simmer_jobs_wake", "wake_at", where="wake_at IS NOT NULL"),
        partial("ix_simmer_jobs_running", "worker", where="claim IS NOT NULL"),
        partial(
            "uq_simmer_jobs_fire_time",
            "schedule_id",
            "fire_time",
            where="schedule_id IS NOT NULL",
            unique=True,
        ),
        partial(
            "ix_simmer_jobs_open", "schedule_id", where="schedule_id IS NOT NULL AND finished_at IS NULL"
        ),
        partial("ix_simmer_jobs_batch", "batch_id", where="batch_id IS NOT NULL"),
        Index("ix_simmer_jobs_state", "state", "id"),
        Index("ix_simmer_jobs_task", "task", "id"),
    )


class TagRow(Base):
    """One tag of one job, for finding jobs by tag."""

    __tablename__ = "simmer_tags"

    tag: Mapped[str] = mapped_column(String(100), primary_key=True)
    job_id: Mapped[str] = mapped_column(Id, primary_key=True, index=False)

    __table_args__ = (Index("ix_simmer_tags_job", "job_id"),)


class AttemptRow(Base):
    """One run of a job: made by its claim, ended by its outcome."""

    __tablename__ = "simmer_attempts"

    job_id: Mapped[str] = mapped_column(Id, primary_key=True)
    run: Mapped[int] = mapped_column(Integer, primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str | None] = mapped_column(String(10))
    worker: Mapped[str] = mapped_column(Id)
    claimed_at: Mapped[datetime] = mapped_column(Time)
    started_at: Mapped[datetime | None] = mapped_column(Time)
    finished_at: Mapped[datetime | None] = mapped_column(Time)
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (check("(outcome IS NULL) = (finished_at IS NULL)", "attempts_finished"),)


class EventRow(Base):
    """One transition of a job, written in the transaction that made it."""

    __tablename__ = "simmer_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Time)
    type: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str | None] = mapped_column(String(10))
    to_state: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_simmer_events_job", "job_id", "id"), {"sqlite_autoincrement": True})


class ScheduleRow(Base):
    """A stored rule that submits a task at its trigger's fire times."""

    __tablename__ = "simmer_schedules"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    app: Mapped[str | None] = mapped_column(String(200))
    """The app whose code declares it; None for one made at run time."""
    task: Mapped[str] = mapped_column(String(200))
    args: Mapped[str] = mapped_column(Text)
    trigger: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(Text)
    anchor: Mapped[datetime] = mapped_column(Time)
    next_fire_at: Mapped[datetime | None] = mapped_column(Time)
    fire_by: Mapped[datetime | None] = mapped_column(Time)
    """Until when the next fire time may wait for others, to share a transaction with them."""
    last_fire_at: Mapped[datetime | None] = mapped_column(Time)
    paused: Mapped[bool] = mapped_column(Boolean)
    retired: Mapped[bool] = mapped_column(Boolean)
    """Dropped by the code that declared it: kept for its history, never fired."""
    created_at: Mapped[datetime] = mapped_column(Time)
    updated_at: Mapped[datetime] = mapped_column(Time)

    __table_args__ = (
        partial(
            "ix_simmer_schedules_next", "next_fire_at",
            where=("paused = 0 AND retired = 0", "NOT paused AND NOT retired"),
        ),
    )  # fmt: skip


class FireRow(Base):
    """The one decision about one fire time (promise 5). `count` > 1: about as many, from this one on."""

    __tablename__ = "simmer_fires"

    schedule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fire_time: Mapped[datetime] = mapped_column(Time, primary_key=True)
    decision: Mapped[str] = mapped_column(String(10))
    count: Mapped[int] = mapped_column(Integer)
    decided_at: Mapped[datetime] = mapped_column(Time)
    job_id: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(Text)
    late_seconds: Mapped[float] = mapped_column(Float)
    """How long after the fire time the decision was made."""

    __table_args__ = (
        check("decision IN ('fired', 'coalesced', 'misfired', 'skipped', 'paused')", "fires_decision"),
        check("(decision = 'fired') = (job_id IS NOT NULL)", "fires_job"),
        Index("ix_simmer_fires_time", "fire_time"),
    )


class WorkerRow(Base):
    """A live process that runs jobs: no row, no claim."""

    __tablename__ = "simmer_workers"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(Integer)
    boot_id: Mapped[str | None] = mapped_column(String(64))
    pid_namespace: Mapped[str | None] = mapped_column(String(64))
    process_start: Mapped[str | None] = mapped_column(String(32))
    engine: Mapped[str] = mapped_column(String(10))
    threads: Mapped[int] = mapped_column(Integer)
    queues: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime] = mapped_column(Time)
    heartbeat_at: Mapped[datetime] = mapped_column(Time)
    beat: Mapped[int] = mapped_column(BigInteger)
    """Grows with every sign of life; observers watch it on their own monotonic clock."""

    __table_args__ = (check("state IN ('running', 'draining')", "workers_state"),)


class LeaseRow(Base):
    """Which process does something that one at a time is enough for, and until when."""

    __tablename__ = "simmer_leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(Id)
    until: Mapped[datetime] = mapped_column(Time)


class IdempotencyRow(Base):
    """The first request with an Idempotency-Key, and the job it made."""

    __tablename__ = "simmer_idempotency"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Time)

    __table_args__ = (Index("ix_simmer_idempotency_created", "created_at"),)


JOBS = cast(Table, JobRow.__table__)
TAGS = cast(Table, TagRow.__table__)
ATTEMPTS = cast(Table, AttemptRow.__table__)
EVENTS = cast(Table, EventRow.__table__)
SCHEDULES = cast(Table, ScheduleRow.__table__)
FIRES = cast(Table, FireRow.__table__)
WORKERS = cast(Table, WorkerRow.__table__)
LEASES = cast(Table, LeaseRow.__table__)
IDEMPOTENCY = cast(Table, IdempotencyRow.__table__)


def copy_tables(metadata: MetaData) -> None:
    """Put our tables into a host's metadata; those that are there already (a second app) are left."""
    for table in Base.metadata.sorted_tables:
        if table.name not in metadata.tables:
            for column in table.to_metadata(metadata).columns:
                if isinstance(column.type, DateTime):
                    # The same in the database; but a migration spells types out, and cannot import ours.
                    column.type = DateTime(timezone=True)
