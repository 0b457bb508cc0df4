"""The tables of what tasks log and emit."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, Table, Text

from ..columns import BigId, Id
from .metadata import METADATA

LOGS: Final = Table(
    "simmer_logs",
    METADATA,
    Column("job_id", Id, primary_key=True),
    Column("run", Integer, primary_key=True),
    # The numbers of its first and its last line in the log of the run, from 1.
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("last", BigId, nullable=False),
    Column("attempt", Integer, nullable=False),
    # The highest of its lines' levels, as Python numbers them.
    Column("level", Integer, nullable=False),
    # Bytes of its lines, a JSON list.
    Column("size", Integer, nullable=False),
    Column("lines", Text, nullable=False),
)
"""Some lines of the log of one run: as many as were written at once, up to a limit."""

EMITTED: Final = Table(
    "simmer_emitted",
    METADATA,
    Column("job_id", Id, primary_key=True),
    Column("run", Integer, primary_key=True),
    # The numbers of its first and its last value among those of the run, from 1.
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("last", BigId, nullable=False),
    # Bytes of its values, a JSON list.
    Column("size", Integer, nullable=False),
    Column("data", Text, nullable=False),
)
"""Some of the data that one run emitted: what was written at once, up to a limit."""
