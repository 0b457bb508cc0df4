"""The tables of numbers over time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, Integer, String, Table

from ..columns import BigId, Time
from .metadata import METADATA

HISTORY: Final = Table(
    "simmer_history",
    METADATA,
    # The seconds of the time that begins `at`; 0: since ever, what all other rows were made of.
    Column("resolution", Integer, primary_key=True, autoincrement=False),
    Column("at", Time, primary_key=True),
    # As in the counters.
    Column("task", String(200), primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("bucket", BigId, primary_key=True, autoincrement=False),
    Column("count", BigId, nullable=False),
    Column("seconds", Float, nullable=False),
)
"""By how much a counter has grown, over all workers."""

WATERMARKS: Final = Table(
    "simmer_watermarks",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("at", Time, nullable=False),
)
"""Up to when something was done that processes take turns at; whoever moves it on does the next part."""
