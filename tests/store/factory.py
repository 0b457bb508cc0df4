"""Jobs in every state, reached by the verbs that lead there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.jobs.ids import new_id
from app.jobs.options import DEFAULTS, STORED, stored_values
from app.jobs.run import Failure, Outcome, Run
from app.jobs.store import claims, completion, dependencies, new_jobs, queries, workers
from app.jobs.store.batches import NewBatch
from app.jobs.store.dependencies import Step
from app.jobs.store.new_jobs import NewJob

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OUTCOMES = {
    "succeeded": Outcome("succeeded", result="7"),
    "failed": Outcome("failed", failure=Failure("ValueError", "no")),
    "retrying": Outcome("failed", failure=Failure("ValueError", "no"), retry_in=60),
    "snoozed": Outcome("snoozed", delay=60),
    "released": Outcome("released"),
    "cancelled": Outcome("cancelled", reason="enough"),
}


def new_job(**values: Any) -> NewJob:
    """A job that can be stored; `values` replace the defaults, its options too."""
    defaults: dict[str, Any] = {"id": new_id(), "task": "add", "args": "{}", "created_at": NOW, "run_at": NOW}
    options = {"max_attempts": 3, **{name: values.pop(name) for name in STORED if name in values}}
    return NewJob(options=stored_values(options, DEFAULTS), **{**defaults, **values})


def submit(conn: Connection, **values: Any) -> str:
    """Store a job; its id."""
    job = new_job(**values)
    new_jobs.enqueue(conn, [job])
    return job.id


def submit_dependant(conn: Connection, parents: Sequence[str], **values: Any) -> str:
    """Store a job that depends on these; its id."""
    job = new_job(depends_on=tuple(parents), **values)
    dependencies.enqueue(conn, [Step([job])], NOW)
    return job.id


def submit_batch(conn: Connection, size: int, **values: Any) -> tuple[str, list[str]]:
    """Store a batch whose ends are counted; its id and those of its jobs."""
    batch = NewBatch(new_id(), size, NOW)
    made = [new_job(batch_id=batch.id, **values) for _ in range(size)]
    dependencies.enqueue(conn, [Step(made, batch)], NOW)
    return batch.id, [job.id for job in made]


def register(conn: Connection, worker: str = "worker-1", **values: Any) -> str:
    """Enter a worker; its id."""
    defaults: dict[str, Any] = {
        "host": "here", "pid": 1, "engine": "thread", "threads": 8, "queues": None, "tasks": ("add",),
        "started_at": NOW, "boot_id": None, "pid_namespace": None, "process_start": None,
    }  # fmt: skip
    new = workers.NewWorker(id=worker, **{**defaults, **values})
    workers.register(conn, new)
    return worker


def claim_one(conn: Connection, job_id: str, worker: str = "worker-1") -> Run | None:
    """Run that job, if it can be claimed."""
    made = claims.claim(conn, claims.candidate(conn, job_id), worker, "thread", NOW)
    return made[0] if made else None


def ended(run: Run, outcome: Outcome) -> Run:
    """A copy of the run that began and ended now."""
    return replace(run, outcome=outcome, started_at=NOW, finished_at=NOW)


def end(conn: Connection, claim: Run, verb: str) -> bool:
    """End the run by one of the verbs in OUTCOMES. Whether it applied."""
    return bool(completion.complete(conn, [ended(claim, OUTCOMES[verb])]))


def job_in(conn: Connection, state: str) -> tuple[str, Run | None]:
    """A job in that state, and the claim of its (last) run."""
    job_id = submit(conn, run_at=LATER if state == "scheduled" else NOW)
    if state == "waiting":
        return submit_dependant(conn, [job_id]), None
    if state in ("scheduled", "queued"):
        return job_id, None
    claim = claim_one(conn, job_id)
    assert claim is not None
    if state != "running":
        assert end(conn, claim, state)
    return job_id, claim


def state_of(conn: Connection, job_id: str) -> str:
    """The job's state."""
    found = queries.read(conn, queries.STAMP, job_id)
    assert found is not None
    return found.state
