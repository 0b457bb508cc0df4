"""Databases that cannot be used, each in another way."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url

from app.jobs.database.database import Database
from app.jobs.database.tables import METADATA


@contextmanager
def a_directory(folder: Path) -> Iterator[URL]:
    """What should be a file is a directory: "unable to open database file"."""
    (folder / "jobs.db").mkdir()
    yield make_url(f"sqlite:///{folder}/jobs.db")


@contextmanager
def a_picture(folder: Path) -> Iterator[URL]:
    """The file is none of SQLite's: "file is not a database"."""
    (folder / "jobs.db").write_bytes(b"GIF89a" + bytes(8_192))
    yield make_url(f"sqlite:///{folder}/jobs.db")


@contextmanager
def a_broken_disk(folder: Path) -> Iterator[URL]:
    """The pages of all tables were overwritten: "database disk image is malformed"."""
    file = folder / "jobs.db"
    with closing(Database.connect(make_url(f"sqlite:///{file}"), threads=1, synchronous="OFF")) as made:
        made.create_tables()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    size = os.stat(file).st_size
    with file.open("r+b") as opened:
        opened.seek(4_096)
        opened.write(b"\xff" * (size - 4_096))
    yield make_url(f"sqlite:///{file}")


@contextmanager
def nobody_there(_folder: Path) -> Iterator[URL]:
    """No server listens at the address."""
    yield make_url("postgresql+psycopg://simmer:secret@127.0.0.1:1/simmer")


@contextmanager
def locked_tables(url: URL) -> Iterator[URL]:
    """Somebody else holds all tables of a server."""
    engine = create_engine(url)
    try:
        with engine.begin() as conn:
            conn.exec_driver_sql(f"LOCK TABLE {', '.join(METADATA.tables)} IN ACCESS EXCLUSIVE MODE")
            yield url
    finally:
        engine.dispose()
