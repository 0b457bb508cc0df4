"""Events tell in whose name something was done."""

from __future__ import annotations

import pytest

from app.jobs.database.columns import MOST_OF_A_NAME
from app.jobs.database.database import Database
from app.jobs.store import controls, events, jobs
from app.jobs.store.events import Cause

from .factory import NOW, job_in, submit

HOSTILE = {
    "long": ("x" * 1_000, "x" * MOST_OF_A_NAME),
    "wide": ("\N{GRINNING FACE}" * 300, "\N{GRINNING FACE}" * 50),
    "nul": ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
    "surrogate": ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
    "empty": ("", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_stored(database: Database, name: str) -> None:
    """What a host says of its users may be anything: it is cut and cleaned, and fails no act."""
    by, shown = HOSTILE[name]
    with database.write() as conn:
        job_id, _ = job_in(conn, "queued")
        assert jobs.cancel(conn, job_id, NOW, Cause(by=by))
        last = events.events_of(conn, job_id)[-1]["by"]
        assert last.startswith(shown[:40])
        assert len(last) <= MOST_OF_A_NAME
        controls.change(conn, controls.QUEUE, "default", {controls.PAUSED: True}, by, NOW)
        assert controls.read(conn).changes(controls.QUEUE, "default")[0]["by"] == last


def test_a_first_event_is_signed_where_it_is_known_who_asked(database: Database) -> None:
    """The name is added to the first event of that job alone, and not to later ones."""
    with database.write() as conn:
        signed, other = submit(conn), submit(conn)
        assert events.bind_submitted_by(other, None) == []
        for bound in events.bind_submitted_by(signed, "ada"):
            bound.execute(conn)
        jobs.cancel(conn, signed, NOW)
        assert [event["by"] for event in events.events_of(conn, signed)] == ["ada", None]
        assert events.submitted_by(conn, signed) == "ada"
        assert events.submitted_by(conn, other) is None
