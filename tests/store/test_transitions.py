"""Every verb happens from the states that it leaves, and from no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.run import Run
from app.jobs.states import CLAIMABLE, FINAL, STATES, TRANSITIONS
from app.jobs.store import edits, events, jobs, queries, rescue
from app.jobs.store.replacement import replace

from .factory import NOW, claim_one, end, job_in, new_job, state_of

Verb = Callable[[Connection, str, Run | None], bool]


def _rescue(conn: Connection, job_id: str, _claim: Run | None) -> bool:
    return job_id in rescue.rescue(conn, NOW)


def _end(verb: str) -> Verb:
    return lambda conn, _job_id, claim: claim is not None and end(conn, claim, verb)


def _edit(conn: Connection, job_id: str, _claim: Run | None) -> bool:
    job = queries.get(conn, job_id)
    return job is not None and edits.edit(conn, job, {"priority": 5}, NOW)


def _end_parent(conn: Connection, job_id: str) -> bool:
    """Let the first of those succeed that the job depends on. Whether the job went on by that."""
    job = queries.get(conn, job_id)
    assert job is not None
    for parent in job.depends_on:
        claim = claim_one(conn, parent)
        assert claim is not None
        end(conn, claim, "succeeded")
    return job.state == "waiting"


VERBS: dict[str, Verb] = {
    "edited": _edit,
    "replaced": lambda conn, job_id, _: replace(conn, job_id, new_job(), NOW),
    "claimed": lambda conn, job_id, _: claim_one(conn, job_id) is not None,
    "succeeded": _end("succeeded"),
    "failed": _end("failed"),
    "retrying": _end("retrying"),
    "snoozed": _end("snoozed"),
    "released": _end("released"),
    "rescued": _rescue,
    "cancel_requested": lambda conn, job_id, _: jobs.request_cancel(conn, job_id, NOW),
    "cancelled": lambda conn, job_id, claim: (
        bool(jobs.cancel(conn, job_id, NOW)) or _end("cancelled")(conn, job_id, claim)
    ),
    "retried": lambda conn, job_id, _: jobs.retry(conn, job_id, NOW),
    "unblocked": lambda conn, job_id, _: _end_parent(conn, job_id),
}


def test_every_event_but_the_first_has_a_verb_here() -> None:
    """The table of this module is complete; what restores a job is a parent's retry: `test_finals`."""
    assert set(VERBS) == set(TRANSITIONS) - {"submitted", "restored"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_applies_exactly_from_the_states_it_leaves(database: Database, verb: str, state: str) -> None:
    """From an allowed state the job enters the verb's state with one event; else nothing changes."""
    sources, targets = TRANSITIONS[verb]
    with database.write() as conn:
        job_id, claim = job_in(conn, state)
        before = queries.get(conn, job_id), events.events_of(conn, job_id)
        applied = VERBS[verb](conn, job_id, claim)
        after = queries.get(conn, job_id), events.events_of(conn, job_id)
        assert applied == (state in sources)
        if applied:
            assert state_of(conn, job_id) in targets
            assert [(e["type"], e["from"]) for e in after[1][len(before[1]) :]] == [(verb, state)]
            assert before[0] is not None
            assert after[0] is not None
            assert after[0].version == before[0].version + 1
        else:
            assert after == before


@pytest.mark.parametrize("due", [True, False])
def test_a_job_is_submitted_as_queued_or_scheduled(database: Database, due: bool) -> None:
    """A job whose time has come is queued, another one scheduled; both begin with one event."""
    with database.write() as conn:
        job_id, _ = job_in(conn, "queued" if due else "scheduled")
        history = events.events_of(conn, job_id)
    assert [(e["type"], e["from"], e["to"]) for e in history] == [
        ("submitted", None, "queued" if due else "scheduled")
    ]


@pytest.mark.parametrize("state", STATES)
def test_only_a_running_job_can_be_asked_to_stop(database: Database, state: str) -> None:
    """Asking is noted once, on a running job."""
    with database.write() as conn:
        job_id, _ = job_in(conn, state)
        assert jobs.request_cancel(conn, job_id, NOW) == (state == "running")
        assert jobs.request_cancel(conn, job_id, NOW) == (state == "running")
        job = queries.get(conn, job_id)
        assert job is not None
        assert (job.cancel_requested_at == NOW) == (state in ("running",))


@pytest.mark.parametrize("state", STATES)
def test_only_a_final_job_can_be_deleted(database: Database, state: str) -> None:
    """Deleting takes the job's history along."""
    with database.write() as conn:
        job_id, _ = job_in(conn, state)
        assert jobs.delete_final(conn, [job_id]) == (1 if state in FINAL else 0)
        assert (queries.get(conn, job_id) is None) == (state in FINAL)
        assert (events.events_of(conn, job_id) == []) == (state in FINAL)


def test_claimable_is_what_claimed_leaves() -> None:
    """The two ways of saying it agree."""
    assert TRANSITIONS["claimed"][0] == CLAIMABLE
