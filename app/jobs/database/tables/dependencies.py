"""The tables of what follows the end of a job: which job waits for it, its batch, its callback."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, Table, Text

from ..columns import Id, Time, check
from .metadata import METADATA

DEPENDENCIES: Final = Table(
    "simmer_dependencies",
    METADATA,
    # What it waits for: a job, or a batch. First in the key, by which an end finds those that wait for it.
    # The job itself, if it has a callback.
    Column("depends_on", Id, primary_key=True),
    Column("job_id", Id, primary_key=True),
    Index("ix_simmer_dependencies_job", "job_id"),
)
"""A job that was submitted before something that it depends on had ended; their order is in the job."""

CALLBACKS: Final = Table(
    "simmer_callbacks",
    METADATA,
    Column("job_id", Id, primary_key=True),
    Column("url", Text, nullable=False),
)
"""The URL that is called when a job has ended."""

BATCHES: Final = Table(
    "simmer_batches",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("total", Integer, nullable=False),
    # How many of its jobs have not ended, and how many ended without success.
    Column("pending", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    # The jobs that wait for all of its jobs, for their end and for their success.
    Column("on_done", Id),
    Column("on_success", Id),
    Column("created_at", Time, nullable=False),
    check("pending >= 0 AND failed >= 0 AND pending + failed <= total", "batches_counts"),
    Index("ix_simmer_batches_created", "created_at"),
)
"""A batch that something depends on: its ends are counted where they happen, not by reading its jobs."""
