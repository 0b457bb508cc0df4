"""The table of requests: which of them have been answered already."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table

from ..columns import Time
from .metadata import FORMERLY, METADATA

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
