"""A model of the host's, for what its own session and a job's have to do with each other."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
"""That of all apps here: to copy our tables into another takes a third of making one."""


class Note(db.Model):  # type: ignore[misc, name-defined]
    """A row that a task or its caller writes."""

    id = db.mapped_column(db.Integer, primary_key=True)
    text = db.mapped_column(db.String)
