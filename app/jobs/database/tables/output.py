"""The table of what a task stores while it runs: the results of its steps."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, String, Table, Text

from ..columns import Id, Time, check
from .metadata import METADATA

STEPS: Final = Table(
    "simmer_steps",
    METADATA,
    Column("job_id", Id, primary_key=True),
    Column("kind", String(10), primary_key=True),
    # Of a sleep: its number in the run, from 1.
    Column("name", String(200), primary_key=True),
    # The run that stored it.
    Column("run", Integer, nullable=False),
    # What the step returned, as JSON; null for a sleep.
    Column("result", Text),
    Column("started_at", Time, nullable=False),
    # Of a sleep: when it is over, which may be to come.
    Column("finished_at", Time, nullable=False),
    check("kind IN ('step', 'sleep')", "steps_kind"),
    check("(kind = 'step') = (result IS NOT NULL)", "steps_result"),
)
"""A step of a job that is finished and does not run again, whichever run of the job comes to it."""
