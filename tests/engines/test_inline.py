"""What only the inline and the manual engine promise: tests of a host's."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from app.jobs import Simmer, Snooze, current_job
from app.jobs.errors import ConfigError
from app.jobs.worker import inline

from .conftest import MakeDriver


def _memory_app(**config: Any) -> tuple[Flask, SQLAlchemy, Simmer]:
    app, db, jobs = Flask("host"), SQLAlchemy(), Simmer()
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", **config)
    db.init_app(app)
    jobs.task("add")(lambda a=1: a)
    jobs.init_app(app, db)
    return app, db, jobs


@pytest.mark.parametrize("engine", ["inline", "manual"])
def test_a_database_in_memory_works_where_no_threads_are(engine: str) -> None:
    """The host's own engine is used."""
    app, db, jobs = _memory_app(JOBS_ENGINE=engine)
    with app.app_context():
        db.create_all()
        job = jobs.submit("add", {"a": 7})
        jobs.testing.drain()
        assert jobs.get(job.id).result == 7
        db.session.remove()
        db.engine.dispose()


def test_a_database_in_memory_is_refused_with_threads() -> None:
    """At init_app, in one line that says what to do, and without a connection that nobody would close."""
    app, db, opened = Flask("host"), SQLAlchemy(), []
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", JOBS_ENGINE="thread")
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", lambda driver, _record: opened.append(driver))
    with pytest.raises(ConfigError, match='JOBS_ENGINE="inline" in tests') as caught:
        Simmer().init_app(app, db)
    assert "\n" not in str(caught.value)
    assert not opened


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_in_memory_too_the_callers_transaction_is_the_callers(ending: str) -> None:
    """Neither reading jobs nor submitting with session= commits or rolls back what the caller has open."""
    app, db, jobs = _memory_app(JOBS_ENGINE="inline")
    with app.app_context():
        db.session.execute(db.text("CREATE TABLE notes (text)"))
        db.create_all()
        db.session.commit()
        db.session.execute(db.text("INSERT INTO notes VALUES ('mine')"))
        assert jobs.list() == []
        job = jobs.submit("add", session=db.session)
        assert jobs.get(job.id).state == "queued"
        getattr(db.session, ending)()
        kept = 1 if ending == "commit" else 0
        assert db.session.execute(db.text("SELECT count(*) FROM notes")).scalar() == kept
        assert [found.state for found in jobs.list()] == ["succeeded"] * kept
        db.session.remove()
        db.engine.dispose()


def test_inline_stores_a_failure_and_raises_it_only_when_asked(make_driver: MakeDriver) -> None:
    """JOBS_INLINE_RAISES raises what the task raised last, once the job has failed for good."""
    quiet, loud = make_driver("inline"), make_driver("inline", JOBS_INLINE_RAISES=True)
    for driver in (quiet, loud):

        @driver.jobs.task("fail", max_attempts=2)
        def fail() -> None:
            raise ZeroDivisionError(f"try {current_job.attempt}")

        with driver.app.app_context():
            if driver is quiet:
                assert driver.jobs.submit("fail").state == "failed"
            else:
                with pytest.raises(ZeroDivisionError, match="try 2"):
                    driver.jobs.submit("fail")
            (job,) = driver.jobs.list()
            assert job.error is not None
            assert (job.state, job.attempt, job.error["type"]) == ("failed", 2, "ZeroDivisionError")


def test_inline_raises_after_the_callers_commit_and_the_session_is_usable(
    make_driver: MakeDriver,
) -> None:
    """With session= the failure comes out of commit(), when everything is stored."""
    driver = make_driver("inline", JOBS_INLINE_RAISES=True)
    driver.jobs.task("fail")(lambda: 1 / 0)
    session = driver.db.session
    job = driver.jobs.submit("fail", session=session)
    with pytest.raises(ZeroDivisionError):
        session.commit()
    assert driver.jobs.get(job.id).state == "failed"
    assert session.execute(driver.db.text("SELECT 1")).scalar() == 1
    session.commit()


def test_inline_does_not_snooze_for_ever(make_driver: MakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that always snoozes ends in an error for its caller."""
    monkeypatch.setattr(inline, "MAX_RUNS", 5)
    driver = make_driver("inline")
    driver.jobs.task("nap")(lambda: Snooze(0))
    with pytest.raises(RuntimeError, match="does not wait"):
        driver.jobs.submit("nap")


def test_manual_runs_nothing_until_it_is_told_to(make_driver: MakeDriver) -> None:
    """`submitted` shows what was asked for, `drain` runs it and what it submits."""
    driver = make_driver("manual")
    driver.jobs.task("child")(lambda: 1)
    driver.jobs.task("parent")(lambda: driver.jobs.submit("child").id)
    job = driver.jobs.submit("parent")
    assert [found.id for found in driver.jobs.testing.submitted("parent")] == [job.id]
    assert driver.jobs.testing.submitted("child") == []
    assert driver.jobs.testing.drain() == 2
    assert [found.state for found in driver.jobs.testing.submitted()] == ["succeeded"] * 2
    assert driver.jobs.testing.drain() == 0


@pytest.mark.parametrize("words", ["", "5", "m", "5x", "5m3", "-5m"])
def test_advance_refuses_what_is_no_duration(make_driver: MakeDriver, words: str) -> None:
    """ValueError with examples."""
    driver = make_driver("manual")
    with pytest.raises(ValueError, match="1h30m"):
        driver.jobs.testing.advance(words)


def test_the_systems_clock_cannot_be_advanced(make_driver: MakeDriver) -> None:
    """Only the manual engine has a clock to move."""
    with pytest.raises(RuntimeError, match="manual"):
        make_driver("inline").jobs.testing.advance("5m")
