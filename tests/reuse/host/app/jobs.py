"""The host's own module of this name."""

from __future__ import annotations

import threading

from flask_simmer import Simmer, current_job

from . import Note, db

simmer = Simmer()


@simmer.task
def write_note(text: str) -> dict[str, str]:
    """Write a row with the host's session."""
    db.session.add(Note(text=text))
    db.session.commit()
    return {"written": text, "by": current_job.task}


@simmer.task
def last_until_told() -> bool:
    """Run until the process is about to end, 20 s at most."""
    pause = threading.Event()
    return any(current_job.stopping or pause.wait(0.01) for _ in range(2000))
