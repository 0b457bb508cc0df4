"""The same databases as elsewhere, emptied instead of made: most of what these tests cost was DDL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, delete, make_url

from app.jobs.database.database import Database
from app.jobs.database.tables import METADATA


@pytest.fixture(scope="session")
def lite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    made = Database.connect(make_url(f"sqlite:///{path}"), threads=1, synchronous="NORMAL")
    made.create_tables()
    made.close()
    return path


@pytest.fixture(scope="session")
def kept_postgres(postgres: URL) -> Iterator[Database]:
    """A database on PostgreSQL that is not made anew for each test."""
    made = Database.connect(postgres, threads=8, synchronous="NORMAL")
    yield made
    made.close()


@pytest.fixture(params=("sqlite", "postgresql"))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with our tables, once for each kind."""
    if request.param == "postgresql":
        kept: Database = request.getfixturevalue("kept_postgres")
        kept.create_tables()
        with kept.write() as conn:
            for table in METADATA.sorted_tables:
                conn.execute(delete(table))
        yield kept
        return
    file = shutil.copy(request.getfixturevalue("lite_template"), tmp_path / "test.db")
    made = Database.connect(make_url(f"sqlite:///{file}"), threads=8, synchronous="NORMAL")
    yield made
    made.close()
