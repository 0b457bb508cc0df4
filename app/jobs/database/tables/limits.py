"""The tables of limits: what operators have set, and what limited jobs are counted by."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from ..columns import Name, Time, check, partial
from .metadata import METADATA

CONTROLS: Final = Table(
    "simmer_controls",
    METADATA,
    # What is controlled: "queue" or "task", and its name.
    Column("kind", String(5), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("setting", String(11), primary_key=True),
    # JSON; null: as the code says. Rows are never deleted, see `version`.
    Column("value", Text),
    Column("changed_by", Name),
    Column("changed_at", Time, nullable=False),
    # Grows with each change: the sum over all rows tells a worker whether what it knows still holds.
    Column("version", Integer, nullable=False),
    check("kind IN ('queue', 'task')", "controls_kind"),
    check("setting IN ('paused', 'concurrency', 'rate')", "controls_setting"),
)
"""What an operator has set for a queue or a task while it runs."""

LIMIT_KEYS: Final = Table(
    "simmer_limit_keys",
    METADATA,
    Column("key", String(400), primary_key=True),
    # The queue or task whose limit it is.
    Column("subject", String(210), nullable=False),
    # When parked jobs are to be looked at again, and how many of them; null where none is parked.
    Column("wake_at", Time),
    Column("wake_count", Integer, nullable=False),
    partial("ix_simmer_limit_keys_wake", "wake_at", where="wake_at IS NOT NULL"),
)
"""What jobs have in common that count against one limit: whoever claims one of them locks its row."""

TURNS: Final = Table(
    "simmer_turns",
    METADATA,
    Column("task", String(200), primary_key=True),
    Column("last_key", String(100), nullable=False),
)
"""Of each fair task the key whose job was claimed last: the next one's turn is the next in order."""

RATE_CLAIMS: Final = Table(
    "simmer_rate_claims",
    METADATA,
    Column("key", String(400), primary_key=True),
    Column("at", Time, primary_key=True),
    Column("count", Integer, nullable=False),
    Index("ix_simmer_rate_claims_at", "at"),
)
"""How many jobs under a rate were claimed at a moment: kept for as long as the rate counts them."""
