"""PostgreSQL by each of its drivers: what they call things differs, what happens does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, NullPool, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.jobs import DatabaseUnavailable, Simmer, TablesMissing
from app.jobs.database.database import Database
from app.jobs.database.postgresql import PostgreSQL
from app.jobs.errors import TransactionConflict

from ..conftest import AppFactory
from ..support import eventually
from .pgbouncer import PROGRAM, transaction_mode

OTHERS = PostgreSQL.drivers[1:]


@pytest.fixture(params=OTHERS)
def where(request: pytest.FixtureRequest, postgres: URL) -> URL:
    """The database's URL, with each driver but the usual one."""
    return postgres.set(drivername=f"postgresql+{request.param}")


@pytest.fixture
def other(where: URL, postgres_with_tables: Database) -> Iterator[Database]:
    """A database with our tables, by another driver."""
    made = Database.connect(
        where.set(database=postgres_with_tables.engine.url.database), threads=2, synchronous="FULL"
    )
    with closing(made):
        made.create_tables()
        yield made


def test_jobs_live_and_schedules_fire(make_app: AppFactory, where: URL) -> None:
    """Submitted one by one and many at once, run, failed, tried again, canceled, listed and deleted."""
    jobs = Simmer()
    add = jobs.task("add")(lambda a=1, b=1: a + b)
    jobs.task("fail", max_attempts=2, backoff=0, tags=("bad",))(lambda: 1 / 0)
    app = make_app(jobs, url=where)
    with app.app_context():
        jobs.start()
        failed = jobs.wait(jobs.submit("fail").id, 10)
        assert (failed.state, failed.attempt) == ("failed", 2)
        many = add.submit_many([{"a": n} for n in range(30)])
        assert [jobs.wait(job.id, 10).result for job in many] == list(range(1, 31))
        later = jobs.submit("add", delay=3600)
        assert jobs.cancel(later.id).state == "cancelled"
        joined = jobs.submit("add", session=app.extensions["sqlalchemy"].session)
        app.extensions["sqlalchemy"].session.commit()
        assert jobs.wait(joined.id, 10).result == 2
        assert [job.id for job in jobs.list(tag="bad", state="failed")] == [failed.id]
        jobs.add_schedule(id=where.get_driver_name(), task="add", trigger="interval", seconds=3600)
        assert jobs.wait(jobs.run_schedule(where.get_driver_name()).id, 10).result == 2
        jobs.delete(failed.id)
        eventually(lambda: sum(each.failed for each in jobs.runtime.overview.throughput("1h").items))
        shown = jobs.runtime.overview
        assert shown.percentiles("24h", task="add").run.count >= 30
        assert shown.failures(failed.created_at).items == ()
        assert "add" in {fire.task for fire in shown.next_fires()}
    twice = {"json": {"task": "add"}, "headers": {"Idempotency-Key": "once"}}
    answers = [app.test_client().post("/api/v1/jobs", **twice) for _ in range(2)]
    assert len({answer.get_json()["id"] for answer in answers}) == 1


def test_errors_are_those_of_the_usual_driver(other: Database) -> None:
    """A broken constraint, a missing table, our own mistake, and an outage are told apart by SQLSTATE."""
    add = text("INSERT INTO simmer_tags (tag, job_id) VALUES ('a', '1'), ('a', '1')")
    with pytest.raises(IntegrityError), other.write() as conn:
        conn.execute(add)
    with other.write() as conn:  # inside of a transaction too, where a savepoint is to undo it
        with pytest.raises(IntegrityError), conn.begin_nested():
            conn.execute(add)
        assert conn.scalar(text("SELECT 1")) == 1
    with pytest.raises(TablesMissing), other.read() as conn:
        conn.execute(text("SELECT * FROM simmer_nothing"))
    with pytest.raises(TablesMissing), other.read() as conn:
        conn.execute(text("SELECT simmer_nothing FROM simmer_tags"))
    with pytest.raises(ProgrammingError), other.read() as conn:
        conn.execute(text("SELECT nothing()"))
    with pytest.raises(TransactionConflict), other.write() as conn:
        conn.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))
    with pytest.raises(DatabaseUnavailable) as raised, other.read() as conn:
        conn.execute(text("DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'disk full'; END $$"))
    assert raised.value.reason == "disk full"


def test_a_server_that_is_not_there_is_an_outage(where: URL) -> None:
    """Not an error of the driver's."""
    nowhere = Database.connect(where.set(port=9), threads=1, synchronous="FULL")
    with pytest.raises(DatabaseUnavailable), nowhere.read():
        pass


@pytest.mark.long
@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])  # pg8000 prepares even its BEGIN
def test_pgbouncer_gives_each_transaction_another_session(
    make_app: AppFactory, postgres: URL, tmp_path: Path, driver: str
) -> None:
    """In its transaction mode jobs of several threads run, whatever zone the sessions have."""
    with transaction_mode(postgres, tmp_path) as where:
        args = {"prepare_threshold": None} if driver == "psycopg" else {}
        jobs = Simmer()
        add = jobs.task("add")(lambda a=1: a)
        app = make_app(
            jobs, url=where.set(drivername=f"postgresql+{driver}"), JOBS_THREADS=6,
            SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool, "connect_args": args},
        )  # fmt: skip
        db = app.extensions["sqlalchemy"]
        with app.app_context():
            for zone in ("Asia/Kathmandu", "America/Caracas", "UTC"):
                db.session.execute(text(f"SET TIME ZONE '{zone}'"))  # what others leave behind there
                db.session.commit()
            jobs.start()
            many = add.submit_many([{"a": n} for n in range(60)])
            ended = [jobs.wait(job.id, 20) for job in many]
            assert [job.result for job in ended] == list(range(60))
            assert all((job.run_seconds or 0) < 60 and (job.queued_seconds or 0) < 60 for job in ended)
