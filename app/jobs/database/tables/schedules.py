"""The tables of schedules: the stored rules, and what was decided at each fire time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text

from ..columns import Id, Name, Time, check, partial
from .metadata import METADATA

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
    # When an alert told that it was overdue; null while it is not.
    Column("alerted_at", Time),
    # Who changed it last: null where its code did, and where that is not known.
    Column("updated_by", Name),
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
    # Who chose to skip it; null where that is not known, and for all others.
    Column("done_by", Name),
    check("decision IN ('fired', 'coalesced', 'misfired', 'skipped', 'paused')", "fires_decision"),
    check("(decision = 'fired') = (job_id IS NOT NULL)", "fires_job"),
    Index("ix_simmer_fires_time", "fire_time"),
)
"""The one decision about one fire time (promise 5). `count` > 1: about as many, from this one on."""
