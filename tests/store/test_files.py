"""The rows of files: reserved, given to a job, removed with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.errors import ClaimLost, FileTooLarge
from app.jobs.run import Run
from app.jobs.store import files, jobs
from app.jobs.values import File

from .factory import NOW, claim_one, end, submit

HOUR = timedelta(hours=1)


def a_file(name: str = "a.csv", size: int = 3) -> File:
    """A file that is stored now."""
    return File(name=name, size=size, content_type="text/csv", sha256="0" * 64, created_at=NOW)


def attach(conn: Connection, run: Run, file: File, most: int = 100) -> str:
    """Give the run's job a file; where its content is."""
    location = files.reserve(conn, "folder", NOW)
    files.give(conn, run, location, file, most)
    return location


def running(conn: Connection) -> Run:
    """A job that runs."""
    run = claim_one(conn, submit(conn))
    assert run is not None
    return run


def test_a_reserved_place_is_no_file_and_is_removed_after_an_hour(database: Database) -> None:
    """Whatever was written there by somebody who died."""
    with database.write() as conn:
        location = files.reserve(conn, "folder", NOW)
        assert files.to_remove(conn, NOW + HOUR - timedelta(seconds=1), 9) == []
        assert files.to_remove(conn, NOW + HOUR, 9) == [("folder", location)]
        files.forget(conn, [location])
        assert files.to_remove(conn, NOW + HOUR, 9) == []


def test_content_that_came_too_late_is_no_file(database: Database) -> None:
    """It may be removed at any moment."""
    with database.write() as conn:
        run, location = running(conn), files.reserve(conn, "folder", NOW - HOUR)
        with pytest.raises(FileTooLarge, match="longer than an hour"):
            files.give(conn, run, location, a_file(), 100)


def test_a_file_is_found_by_its_name_and_is_not_removed(database: Database) -> None:
    """And is listed, while its job is there."""
    with database.write() as conn:
        run = running(conn)
        location = attach(conn, run, a_file())
        files.discard(conn, location)
        files.forget(conn, [location])
        assert files.find(conn, run.job_id, "a.csv") == (a_file(), "folder", location)
        assert files.find(conn, run.job_id, "b.csv") is None
        assert files.files_of(conn, run.job_id) == [a_file()]
        assert files.to_remove(conn, NOW + HOUR, 9) == []


def test_a_file_of_the_same_name_takes_its_place(database: Database) -> None:
    """The one before is to be removed at once, and does not count any more."""
    with database.write() as conn:
        run = running(conn)
        before = attach(conn, run, a_file(size=90))
        after = attach(conn, run, a_file(size=95))
        assert files.find(conn, run.job_id, "a.csv") == (a_file(size=95), "folder", after)
        assert files.to_remove(conn, NOW, 9) == [("folder", before)]


def test_a_run_without_its_claim_gives_nothing(database: Database) -> None:
    """It was presumed dead: the file that is there stays."""
    with database.write() as conn:
        run = running(conn)
        attach(conn, run, a_file())
        assert end(conn, run, "released")
        assert claim_one(conn, run.job_id) is not None
        with pytest.raises(ClaimLost):
            attach(conn, run, a_file(size=9))
        assert files.files_of(conn, run.job_id) == [a_file()]


def test_a_job_has_so_many_files_at_most(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a list of them stays a list; replacing one is always possible."""
    monkeypatch.setattr(files, "MOST_FILES", 2)
    with database.write() as conn:
        run = running(conn)
        for name in ("a", "b", "b"):
            attach(conn, run, a_file(name))
        with pytest.raises(FileTooLarge, match="has 2 files already"):
            attach(conn, run, a_file("c"))


def test_files_go_with_their_job(database: Database) -> None:
    """Pruning and deleting leave their content to be removed at once; an operator's retry keeps them."""
    with database.write() as conn:
        run, other = running(conn), running(conn)
        location, _ = attach(conn, run, a_file()), attach(conn, other, a_file())
        assert end(conn, run, "failed")
        assert jobs.retry(conn, run.job_id, NOW)
        again = claim_one(conn, run.job_id)
        assert again is not None
        assert files.files_of(conn, run.job_id) == [a_file()]
        assert end(conn, again, "succeeded")
        assert jobs.prune(conn, jobs.Expired(["succeeded"], NOW + HOUR)) == 1
        assert files.files_of(conn, run.job_id) == []
        assert files.files_of(conn, other.job_id) == [a_file()]
        assert files.to_remove(conn, NOW, 9) == [("folder", location)]
