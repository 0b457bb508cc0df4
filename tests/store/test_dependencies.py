"""Submission of what depends on others: beside their ends, after them, and of what is not there."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event, select

from app.jobs.database.database import Database
from app.jobs.database.tables import DEPENDENCIES
from app.jobs.ids import new_id
from app.jobs.store import dependencies, events, jobs
from app.jobs.store.dependencies import UnknownParents
from tests.support import eventually

from .factory import NOW, claim_one, end, state_of, submit, submit_batch, submit_dependant


def test_what_has_ended_counts_at_once(database: Database) -> None:
    """After success a job is due as if it depended on nothing; after a failure it is cancelled, or runs."""
    with database.write() as conn:
        good, bad = submit(conn), submit(conn)
        for job_id, verb in ((good, "succeeded"), (bad, "failed")):
            claim = claim_one(conn, job_id)
            assert claim is not None
            assert end(conn, claim, verb)
        after = [
            submit_dependant(conn, [good]), submit_dependant(conn, [good, bad]),
            submit_dependant(conn, [bad], on_dependency="run"),
        ]  # fmt: skip
        assert [state_of(conn, each) for each in after] == ["queued", "cancelled", "queued"]
        assert [each["type"] for each in events.events_of(conn, after[1])] == ["submitted", "cancelled"]
        # The cancelled one gets its chance as others do.
        assert jobs.retry(conn, bad, NOW)
        assert state_of(conn, after[1]) == "waiting"


def test_a_member_that_is_cancelled_at_once_counts_in_its_batch(database: Database) -> None:
    """A batch does not wait for it."""
    with database.write() as conn:
        bad = submit(conn)
        jobs.cancel(conn, bad, NOW)
        batch_id, _ = submit_batch(conn, 2, depends_on=(bad,))
        assert state_of(conn, submit_dependant(conn, [batch_id], on_dependency="run")) == "queued"


def test_an_unknown_parent_is_named(database: Database) -> None:
    """Each that does not exist, and nothing is stored."""
    unknown = new_id()
    with database.write() as conn, pytest.raises(UnknownParents) as caught:
        submit_dependant(conn, [submit(conn), unknown])
    assert caught.value.ids == [unknown]


def test_edges_go_with_either_job(database: Database) -> None:
    """What is deleted leaves nothing behind."""
    with database.write() as conn:
        parent = submit(conn)
        job_id = submit_dependant(conn, [parent])
        jobs.cancel(conn, parent, NOW)
        assert jobs.delete_final(conn, [parent, job_id]) == 2
        assert conn.execute(select(DEPENDENCIES)).all() == []


def test_a_parent_that_ends_while_a_dependant_is_submitted(database: Database) -> None:
    """Whoever is second waits for the other's commit: the dependant is never left behind."""
    with database.write() as conn:
        parent = submit(conn)
        claim = claim_one(conn, parent)
        assert claim is not None
    begun = threading.Event()

    def end_it() -> None:
        with database.write() as conn:
            begun.set()
            assert end(conn, claim, "succeeded")

    ending = threading.Thread(target=end_it)
    with database.write() as conn:
        job_id = submit_dependant(conn, [parent])
        ending.start()
        # On SQLite it waits before it begins, on PostgreSQL for the parent's row.
        begun.wait(0.2)
    ending.join()
    with database.read() as conn:
        assert state_of(conn, job_id) == "queued"


def test_parents_that_end_at_once_in_many_transactions(database: Database) -> None:
    """Each counts once, whichever comes first, and the job goes on once."""
    with database.write() as conn:
        parents = [submit(conn) for _ in range(8)]
        runs = [claim_one(conn, each) for each in parents]
        batch_id, members = submit_batch(conn, 8)
        runs += [claim_one(conn, each) for each in members]
        job_id = submit_dependant(conn, [*parents, batch_id])
    barrier = threading.Barrier(len(runs))

    def end_it(run: object) -> None:
        barrier.wait()
        with database.write() as conn:
            assert end(conn, run, "succeeded")  # type: ignore[arg-type]

    threads = [threading.Thread(target=end_it, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def has_gone_on() -> bool:
        with database.read() as conn:
            return state_of(conn, job_id) == "queued"

    eventually(has_gone_on)
    with database.read() as conn:
        assert [each["type"] for each in events.events_of(conn, job_id)] == ["submitted", "unblocked"]


def test_results_are_those_of_the_parents_in_order(database: Database) -> None:
    """Those of a batch one after the other, None for what did not succeed; a deleted one is an error."""
    with database.write() as conn:
        batch_id, members = submit_batch(conn, 2)
        single = submit(conn)
        for job_id, verb in ((members[0], "failed"), (members[1], "succeeded"), (single, "succeeded")):
            claim = claim_one(conn, job_id)
            assert claim is not None
            assert end(conn, claim, verb)
        both = submit_dependant(conn, [single, batch_id], on_dependency="run")
        one = submit_dependant(conn, [single])
        assert dependencies.results(conn, both) == ([7, None, 7], False)
        assert (dependencies.results(conn, one).argument, dependencies.results(conn, both).argument) == (
            7, [7, None, 7],
        )  # fmt: skip
        jobs.delete_final(conn, [members[0]])
        with pytest.raises(LookupError, match="deleted"):
            dependencies.results(conn, both)


def test_an_end_that_nobody_waits_for_costs_no_statement_more(database: Database) -> None:
    """Eight statements end a run; with a dependant there are more."""
    sent: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))

    def statements_of_an_end(job_id: str) -> int:
        with database.write() as conn:
            claim = claim_one(conn, job_id)
            assert claim is not None
            sent.clear()
            assert end(conn, claim, "succeeded")
        return len([sql for sql in sent if "simmer_" in sql])

    with database.write() as conn:
        plain, parent = submit(conn), submit(conn)
        submit_dependant(conn, [parent])
    assert statements_of_an_end(plain) == 5
    assert statements_of_an_end(parent) > 5
