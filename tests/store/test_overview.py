"""What an overview reads, and the token by which it knows that there is nothing new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from app.jobs.database.database import Database
from app.jobs.schedules.declaration import Declaration
from app.jobs.store import controls, history, jobs, overview, runs, schedules, workers

from .factory import NOW, claim_one, end, register, submit

RULE = {"task": "add", "args": {}, "trigger": {"type": "interval", "seconds": 30}}


def token(database: Database) -> str:
    """What a client has seen."""
    with database.read() as conn:
        return overview.change_token(conn)


def test_the_change_token_stays_where_nothing_changes(database: Database) -> None:
    """A heartbeat and a sample of the history are nothing that is shown."""
    with database.write() as conn:
        register(conn)
        submit(conn)
    seen = token(database)
    with database.write() as conn:
        assert workers.beat(conn, "worker-1", NOW + timedelta(seconds=1))
        assert history.sample(conn, None, NOW)
    assert token(database) == seen


def test_the_change_token_differs_after_every_change(database: Database) -> None:
    """Of jobs, their progress, workers, what operators have set, and schedules."""
    with database.write() as conn:
        register(conn)
        claim = claim_one(conn, submit(conn))
        done = claim_one(conn, submit(conn))
        assert claim is not None
        assert done is not None
    changes: list[Callable[[], object]] = [
        lambda: runs.record_progress(conn, [(claim, (1, 2, ""))]),
        lambda: submit(conn),
        lambda: end(conn, done, "succeeded"),
        lambda: jobs.delete_final(conn, [done.job_id]),
        lambda: register(conn, "worker-2"),
        lambda: workers.drain(conn, "worker-2"),
        lambda: controls.change(conn, controls.QUEUE, "q", {controls.PAUSED: True}, None, NOW),
        lambda: schedules.add(conn, Declaration.of("s", RULE, None), NOW),
        lambda: schedules.pause(conn, "s", NOW + timedelta(seconds=1)),
    ]
    seen = [token(database)]
    for change in changes:
        with database.write() as conn:
            change()
        seen.append(token(database))
    assert len(set(seen)) == len(seen)
