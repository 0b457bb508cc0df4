"""Submissions that join a caller's transaction on a SQLite file which is removed or replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from app.jobs import DatabaseUnavailable, Simmer
from tests.support import eventually


@pytest.fixture
def file(tmp_path: Path, sqlite_template: Path) -> Path:
    """The file of the app's database."""
    return Path(shutil.copy(sqlite_template, tmp_path / "host.db"))


@pytest.fixture
def host(make_app: Callable[..., Flask], file: Path) -> tuple[Simmer, Flask]:
    """An app on that file."""
    jobs, url = Simmer(), make_url(f"sqlite:///{file}")
    jobs.task("add")(lambda: None)
    return jobs, make_app(jobs, url, JOBS_ROLE="web")


def is_stored(jobs: Simmer, session: Any) -> bool:
    """Whether a job that joins a transaction is acknowledged, and then is there."""
    try:
        job = jobs.submit("add", session=session)
        session.commit()
    except DatabaseUnavailable:
        session.rollback()
        return False
    return jobs.get(job.id).id == job.id


@pytest.mark.parametrize("has_begun", [False, True])
@pytest.mark.parametrize("becomes", ["removed", "replaced"])
def test_what_joins_a_transaction_on_the_file_of_before(
    host: tuple[Simmer, Flask], file: Path, becomes: str, has_begun: bool
) -> None:
    """The commit or the submission raises, and the session goes on with the new file by itself."""
    jobs, app = host
    with app.app_context():
        session = app.extensions["sqlalchemy"].session
        assert is_stored(jobs, session)
        backup = Path(shutil.copy(file, file.with_suffix(".backup")))
        if has_begun:
            jobs.submit("add", session=session)
        file.unlink() if becomes == "removed" else backup.replace(file)
        with pytest.raises(DatabaseUnavailable, match=f"the database file was {becomes}"):
            session.commit() if has_begun else jobs.submit("add", session=session)
        session.rollback()
        if becomes == "removed":
            backup.replace(file)
        eventually(lambda: is_stored(jobs, session))


def test_a_transaction_that_began_before_the_others_went_on(host: tuple[Simmer, Flask], file: Path) -> None:
    """Its connection has the file of before, though others of the process have the new one already."""
    jobs, app = host
    with app.app_context():
        session = app.extensions["sqlalchemy"].session
        session.connection()
        jobs.submit("add")
        Path(shutil.copy(file, file.with_suffix(".backup"))).replace(file)
        eventually(lambda: not lists(jobs))
        eventually(lambda: lists(jobs))
        with pytest.raises(DatabaseUnavailable, match="the database file was replaced"):
            jobs.submit("add", session=session)
        session.rollback()
        assert is_stored(jobs, session)


def lists(jobs: Simmer) -> bool:
    """Whether jobs can be read."""
    try:
        jobs.list()
    except DatabaseUnavailable:
        return False
    return True
