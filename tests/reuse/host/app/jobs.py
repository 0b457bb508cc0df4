"""The host's own module of this name."""

from __future__ import annotations

from flask_simmer import Simmer, current_job

from . import Note, db

simmer = Simmer()


@simmer.task
def write_note(text: str) -> dict[str, str]:
    """Write a row with the host's session."""
    db.session.add(Note(text=text))
    db.session.commit()
    return {"written": text, "by": current_job.task}
