"""SQLite's files: who may read them, and how much of the disk the log keeps."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from app import create_app
from app.jobs import Simmer
from app.jobs.database.database import Database
from app.jobs.database.sqlite import KEPT_WAL_BYTES

ADD = text("INSERT INTO t VALUES (:text)")


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Database]:
    """A file with a table of texts."""
    with closing(
        Database.connect(make_url(f"sqlite:///{tmp_path}/t.db"), threads=4, synchronous="OFF")
    ) as made:
        made.create_tables()
        with made.write() as conn:
            conn.execute(text("CREATE TABLE t (text TEXT)"))
        yield made


def mode_of(file: Path) -> int:
    """Its permission bits."""
    return stat.S_IMODE(file.stat().st_mode)


def test_a_database_of_our_own_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    """With the files that SQLite puts beside it; one that is there keeps its permissions."""
    app = Flask("host", instance_path=str(tmp_path))
    jobs = Simmer(app)
    with app.app_context():
        assert not jobs.list()
        modes = [mode_of(file) for file in tmp_path.glob("simmer.db*")]
        jobs.runtime.database.close()
    assert modes
    assert set(modes) == {0o600}
    (tmp_path / "simmer.db").chmod(0o640)
    Simmer(Flask("again", instance_path=str(tmp_path)))
    assert mode_of(tmp_path / "simmer.db") == 0o640


def test_the_services_database_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    """It stores the arguments of jobs."""
    create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/service.db", "JOBS_ENGINE": "manual"})
    assert mode_of(tmp_path / "service.db") == 0o600


def test_the_log_gives_the_disk_back(lite: Database, tmp_path: Path) -> None:
    """What a long reader made it grow to is cut off once it has been written back."""
    log = tmp_path / "t.db-wal"
    with lite.read() as reader:
        reader.execute(text("SELECT * FROM t")).all()
        for _ in range(5):
            with lite.write() as conn:
                conn.execute(ADD, {"text": "x" * 8_000_000})
        assert log.stat().st_size > KEPT_WAL_BYTES
    for _ in range(2):  # the first writes the log back, the second begins it anew
        with lite.write() as conn:
            conn.execute(ADD, {"text": "y"})
    assert log.stat().st_size <= KEPT_WAL_BYTES
