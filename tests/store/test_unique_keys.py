"""Who has a unique key, how it is taken, given on and given back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from app.jobs.database.database import Database
from app.jobs.database.tables import JOBS, UNIQUE_KEYS
from app.jobs.store import jobs, unique_keys
from app.jobs.store.unique_keys import Wanted, stored_key

from .factory import NOW, claim_one, end, job_in, submit

SOON = NOW + timedelta(seconds=60)
KEY = stored_key(None, "add", "k")


def holder(conn: Connection, key: str = KEY) -> str | None:
    """The job that has the key."""
    found: str | None = conn.scalar(select(UNIQUE_KEYS.c.job_id).where(UNIQUE_KEYS.c.key == key))
    return found


def test_a_key_is_of_one_app_and_task() -> None:
    """The same text of another app or task is another key; no text can make it the same."""
    keys = {
        stored_key(app, task, text)
        for app in (None, "shop", 'shop", "add')
        for task in ("add", "mail")
        for text in ("k", 'add", "k')
    }
    assert len(keys) == 12


def test_whoever_comes_first_has_it(database: Database) -> None:
    """Of several keys those are taken that are free, and the answer says of each who has it."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        assert unique_keys.take(conn, {KEY: Wanted(first, None)}, NOW) == {KEY: first}
        wanted = {key: Wanted(second, None) for key in ("z", KEY, "a")}
        assert unique_keys.take(conn, wanted, NOW) == {"z": second, KEY: first, "a": second}
        assert holder(conn, "a") == second


@pytest.mark.parametrize("is_over", [False, True])
def test_a_key_with_a_time_is_free_after_it(database: Database, is_over: bool) -> None:
    """Whether its job is final does not matter."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        unique_keys.take(conn, {KEY: Wanted(first, SOON)}, NOW)
        unique_keys.release(conn, [first])
        now = SOON if is_over else SOON - timedelta(seconds=1)
        assert unique_keys.take(conn, {KEY: Wanted(second, SOON)}, now) == {KEY: second if is_over else first}


@pytest.mark.parametrize("state", ["succeeded", "gone"])
def test_a_key_that_was_left_behind_is_free(database: Database, state: str) -> None:
    """A worker of an earlier version ends and deletes jobs without freeing their keys."""
    with database.write() as conn:
        first, _ = job_in(conn, "succeeded")
        second = submit(conn)
        unique_keys.take(conn, {KEY: Wanted(first, None)}, NOW)
        if state == "gone":
            assert jobs.delete_final(conn, [first]) == 1  # its row has no unique_key
            assert holder(conn) == first
        assert unique_keys.take(conn, {KEY: Wanted(second, None)}, NOW) == {KEY: second}


def test_the_key_of_an_expired_job_is_free(database: Database) -> None:
    """Before anybody has cancelled it, so that the answer is no job that never runs; a claimed one has it."""
    with database.write() as conn:
        expiring, second, third = submit(conn, expires_at=SOON), submit(conn), submit(conn)
        unique_keys.take(conn, {KEY: Wanted(expiring, None)}, NOW)
        assert unique_keys.take(conn, {KEY: Wanted(second, None)}, NOW) == {KEY: expiring}
        assert unique_keys.take(conn, {KEY: Wanted(second, None)}, SOON) == {KEY: second}
        running = submit(conn, expires_at=SOON)
        assert claim_one(conn, running) is not None
        unique_keys.take(conn, {"r": Wanted(running, None)}, NOW)
        assert unique_keys.take(conn, {"r": Wanted(third, None)}, SOON) == {"r": running}


def test_only_its_holder_gives_it_on(database: Database) -> None:
    """Who had it before, or never, changes nothing."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        unique_keys.take(conn, {KEY: Wanted(first, None)}, NOW)
        assert not unique_keys.lock(conn, KEY, second)
        assert unique_keys.lock(conn, KEY, first)
        unique_keys.hand_over(conn, KEY, first, Wanted(second, SOON))
        assert holder(conn) == second
        unique_keys.release(conn, [first])
        assert holder(conn) == second


def test_what_is_over_is_pruned(database: Database) -> None:
    """Only keys whose time is over, and no more than asked for at once."""
    with database.write() as conn:
        job = submit(conn)
        unique_keys.take(conn, {name: Wanted(job, SOON) for name in "abc"}, NOW)
        unique_keys.take(conn, {"d": Wanted(job, None)}, NOW)
        assert unique_keys.prune(conn, NOW) == 0
        assert unique_keys.prune(conn, SOON, limit=2) == 2
        assert unique_keys.prune(conn, SOON, limit=2) == 1
        assert holder(conn, "d") == job


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_release_does_not_wait_for_who_is_given_the_key(database: Database) -> None:
    """A worker that ends the job passes by; if the other rolls back, the next one finds the key free."""
    with database.write() as conn:
        first = submit(conn)
        conn.execute(update(JOBS).values(unique_key="k"))
        unique_keys.take(conn, {KEY: Wanted(first, None)}, NOW)
        claim = claim_one(conn, first)
    assert claim is not None
    with database.engine.connect() as slow:
        slow.execute(update(UNIQUE_KEYS).values(job_id="another"))
        with database.write() as conn:
            assert end(conn, claim, "succeeded")
        slow.rollback()
    with database.write() as conn:
        assert holder(conn) == first
        second = submit(conn)
        assert unique_keys.take(conn, {KEY: Wanted(second, None)}, NOW) == {KEY: second}
