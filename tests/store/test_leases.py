"""Leases: one holder at a time, and who follows."""

from __future__ import annotations

import threading

from app.jobs.database.conflicts import retry_conflicts
from app.jobs.database.database import Database
from app.jobs.store import leases, workers

from .factory import NOW, register


def test_a_worker_has_a_lease_until_it_lets_go_or_is_gone(database: Database) -> None:
    """It may ask again; another one gets it after the release, or when the holder has no row."""
    with database.write() as conn:
        one, two = register(conn, "one"), register(conn, "two")
        assert leases.occupy(conn, "lease", one, NOW)
        assert leases.occupy(conn, "lease", one, NOW)
        assert not leases.occupy(conn, "lease", two, NOW)
        assert leases.occupy(conn, "another", two, NOW)
        leases.release(conn, "lease", two)
        assert not leases.occupy(conn, "lease", two, NOW)
        leases.release(conn, "lease", one)
        assert leases.occupy(conn, "lease", two, NOW)
        workers.deregister(conn, two)
        assert leases.occupy(conn, "lease", one, NOW)


def test_of_two_that_ask_at_the_same_moment_one_gets_it(database: Database) -> None:
    """The first time ever too, when there is no row to lock yet."""
    with database.write() as conn:
        names = [register(conn, f"worker-{number}") for number in range(4)]
    together, got = threading.Barrier(len(names), timeout=10), list[bool]()

    @retry_conflicts
    def occupy(name: str) -> bool:
        with database.write() as conn:
            return leases.occupy(conn, "lease", name, NOW)

    def ask(name: str) -> None:
        together.wait()
        got.append(occupy(name))

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False, False, False, True]
