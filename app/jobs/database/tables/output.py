"""The tables of what a task stores while it runs: the results of its steps, and files."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from ..columns import Id, Time, check, partial
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

FILES: Final = Table(
    "simmer_files",
    METADATA,
    # Under which its content is kept; a row is there before its content is.
    Column("location", Id, primary_key=True),
    Column("storage", String(10), nullable=False),
    # Null until the content is there, and again when the job, or the file, is gone.
    Column("job_id", Id),
    Column("name", String(255)),
    Column("size", BigInteger),
    Column("content_type", String(255)),
    Column("sha256", String(64)),
    Column("created_at", Time, nullable=False),
    # When the content and this row are to be removed; null while the file is one of a job's.
    Column("remove_at", Time),
    check("storage IN ('folder', 'database')", "files_storage"),
    check("(job_id IS NULL) = (remove_at IS NOT NULL)", "files_removed"),
    Index("uq_simmer_files_name", "job_id", "name", unique=True),
    partial("ix_simmer_files_remove", "remove_at", where="remove_at IS NOT NULL"),
)
"""A file that a job attached, or content that is to be removed."""

FILE_PARTS: Final = Table(
    "simmer_file_parts",
    METADATA,
    Column("location", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
"""The content of files where JOBS_FILES is "database", in parts of one size, but for the last."""
