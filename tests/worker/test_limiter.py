"""Limits inside a claim: what runs, what is parked, and when that goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.jobs.database.database import Database
from app.jobs.database.tables import JOBS
from app.jobs.run import Run
from app.jobs.store import jobs, parking, rescue, workers

from ..store.factory import NOW, OUTCOMES
from .claimer import Claimer


def tenants(runs: list[Run]) -> list[str]:
    """Of whom they are."""
    return [run.args for run in runs]


def test_no_more_run_at_a_time_than_the_limit(database: Database) -> None:
    """The end of one lets the next go, in claiming order; the others are not read again."""
    claimer = Claimer(database, concurrency=2)
    ids = claimer.submit(5)
    first = claimer.claim()
    assert [run.job_id for run in first] == ids[:2]
    assert claimer.parked() == 3
    assert claimer.claim() == []
    claimer.end(first[:1])
    assert [run.job_id for run in claimer.claim()] == ids[2:3]
    assert claimer.parked() == 2


@pytest.mark.parametrize("verb", OUTCOMES)
def test_however_a_run_ends_the_next_one_goes(database: Database, verb: str) -> None:
    """Its key is released in the transaction that ends it."""
    claimer = Claimer(database, concurrency=1)
    claimer.submit(2)
    [run] = claimer.claim()
    claimer.end([run], verb)
    [other] = claimer.claim(1)
    assert other.job_id != run.job_id or verb == "released"


def test_each_value_of_an_argument_has_a_limit_of_its_own(database: Database) -> None:
    """A blocked one holds nobody behind it; 3.0 is 3, and what is left out is the default."""
    claimer = Claimer(database, concurrency=(1, "tenant"))
    for args in ('{"tenant": 3}', '{"tenant": 3.0}', "{}", '{"tenant": null}', '{"tenant": "b"}'):
        claimer.submit(args=args)
    assert tenants(claimer.claim()) == ['{"tenant": 3}', "{}", '{"tenant": "b"}']
    assert claimer.parked() == 2


def test_the_dead_hold_nothing_once_they_are_rescued(database: Database) -> None:
    """What counts is running jobs: the rescue of theirs lets others go."""
    claimer, mortal = Claimer(database, concurrency=1), Claimer(database, "mortal", concurrency=1)
    mortal.submit(2)
    [lost] = mortal.claim()
    assert claimer.claim() == []
    with database.write() as conn:
        workers.deregister(conn, "mortal")
    assert claimer.claim() == []
    with database.write() as conn:
        assert rescue.rescue(conn, NOW) == {lost.job_id: "rescued"}
    assert len(claimer.claim()) == 1


def test_a_rate_lets_no_more_go_in_any_window(database: Database) -> None:
    """The window slides: as many as leave it may follow, a moment later and not earlier."""
    claimer = Claimer(database, rate="3/m")
    claimer.submit(9)
    assert len(claimer.claim(2)) == 2
    claimer.clock.advance(30)
    assert len(claimer.claim()) == 1
    claimer.clock.advance(30)
    assert claimer.claim() == []
    assert claimer.parked() == 6
    claimer.clock.advance(0.1)
    assert len(claimer.claim()) == 2
    claimer.clock.advance(29.8)
    assert claimer.claim() == []
    claimer.clock.advance(0.2)
    assert len(claimer.claim()) == 1
    assert claimer.parked() == 3


def test_a_rate_and_a_concurrency_hold_together(database: Database) -> None:
    """Each by an argument of its own, or none."""
    claimer = Claimer(database, concurrency=(1, "tenant"), rate="2/m")
    for tenant in "aabc":
        claimer.submit(args=f'{{"tenant": "{tenant}"}}')
    runs = claimer.claim()
    assert tenants(runs) == ['{"tenant": "a"}', '{"tenant": "b"}']
    claimer.end(runs)
    assert claimer.claim() == []
    claimer.clock.advance(61)
    assert len(claimer.claim()) == 2


def test_a_queue_has_a_limit_of_its_own(database: Database) -> None:
    """Whatever tasks wait in it, limited or not; other queues go on."""
    claimer = Claimer(database)
    claimer.set("queue", "mail", concurrency=2)
    claimer.submit(3, queue="mail")
    claimer.submit(1, task="free", queue="mail")
    claimer.submit(1)
    runs = claimer.claim(8, ("mail", "default"))
    assert sorted(run.queue for run in runs) == ["default", "mail", "mail"]
    claimer.end([run for run in runs if run.queue == "mail"])
    assert len(claimer.claim(8, ("mail",))) == 2


def test_a_pause_holds_for_the_next_claim_of_every_worker(database: Database) -> None:
    """Also for one that has read what was set before; a resumed one goes on."""
    claimer = Claimer(database)
    claimer.submit(4)
    claimer.submit(1, task="free")
    assert len(claimer.claim(1)) == 1
    claimer.set("task", "add", paused=True)
    assert [run.task for run in claimer.claim()] == ["free"]
    assert claimer.parked() == 3
    claimer.set("task", "add", paused=False)
    assert len(claimer.claim()) == 3
    claimer.submit(2)
    claimer.set("queue", "default", paused=True)
    assert claimer.claim() == []
    assert claimer.parked() == 0
    claimer.set("queue", "default", paused=None)
    assert len(claimer.claim()) == 2


def test_what_is_set_takes_the_place_of_what_the_code_says(database: Database) -> None:
    """A higher limit lets go what was parked, null is the code's again."""
    claimer = Claimer(database, concurrency=1)
    claimer.submit(6)
    assert len(claimer.claim()) == 1
    claimer.set("task", "add", concurrency=3)
    assert len(claimer.claim()) == 2
    claimer.set("task", "add", concurrency=None, rate="1/d")
    assert claimer.claim() == []
    claimer.set("task", "add", concurrency=10)
    assert len(claimer.claim()) == 1
    assert claimer.parked() == 2


@pytest.mark.parametrize("verb", ["retrying", "snoozed", "submitted"])
def test_what_came_due_later_is_let_go_as_well(database: Database, verb: str) -> None:
    """It is scheduled or retrying until it is claimed, parked or not."""
    claimer = Claimer(database, concurrency=1)
    if verb == "submitted":
        [later] = claimer.submit(1, run_at=NOW + timedelta(seconds=60))
    else:
        [later] = claimer.submit(1)
        claimer.end(claimer.claim(), verb)
    claimer.submit(1)
    [before] = claimer.claim()
    claimer.clock.advance(61)
    assert claimer.claim() == []
    claimer.end([before])
    assert [run.job_id for run in claimer.claim()] == [later]


def test_a_lost_turn_is_made_up_for(database: Database) -> None:
    """The job that was to follow is cancelled: another one is tried a few seconds later."""
    claimer = Claimer(database, concurrency=2)
    ids = claimer.submit(8)
    runs = claimer.claim()
    claimer.end(runs)
    with database.write() as conn:
        assert all(jobs.cancel(conn, job_id, NOW) for job_id in ids[2:4])
    assert claimer.claim() == []
    claimer.clock.advance(parking.LOOK_AGAIN)
    assert [run.job_id for run in claimer.claim()] == ids[4:6]


def test_what_a_limit_of_earlier_code_holds_goes_on(database: Database) -> None:
    """Nobody knows that limit any more: more and more of what is parked there is let go."""
    Claimer(database, concurrency=1).submit(16)
    before = Claimer(database, "worker-2", concurrency=1)
    assert len(before.claim(16)) == 1
    after = Claimer(database, "worker-3")
    found = []
    for _ in range(4):
        after.clock.advance(parking.LOOK_AGAIN)
        found.append(len(after.claim(16)))
    assert found == [1, 2, 4, 8]


def test_a_parked_job_can_be_cancelled(database: Database) -> None:
    """It is parked no more, and nobody tries it."""
    claimer = Claimer(database, concurrency=1)
    _, second = claimer.submit(2)
    runs = claimer.claim()
    with database.write() as conn:
        assert jobs.cancel(conn, second, NOW)
    assert claimer.parked() == 0
    claimer.end(runs)
    assert claimer.claim() == []


def test_a_job_that_ended_is_not_let_go(database: Database) -> None:
    """A worker of the version before cancels it and knows nothing of parking."""
    claimer = Claimer(database, concurrency=1)
    _, second = claimer.submit(2)
    runs = claimer.claim()
    with database.write() as conn:
        left = update(JOBS).where(JOBS.c.id == second)
        conn.execute(left.values(state="cancelled", finished_at=NOW))
    claimer.end(runs)
    assert claimer.claim() == []
    assert claimer.parked() == 0
