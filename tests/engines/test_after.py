"""What can be done with jobs that there are, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs.errors import InvalidCursor, InvalidState, JobNotFound, NotReady

from .driver import EngineDriver


def test_a_final_job_can_be_deleted_with_its_history(driver: EngineDriver) -> None:
    """Afterwards the id is unknown to every call."""
    driver.jobs.task("add", tags=("t",))(lambda: 1)
    job = driver.run("add")
    driver.jobs.delete(job.id)
    service = driver.jobs.runtime.jobs
    calls = (driver.jobs.get, driver.jobs.cancel, driver.jobs.retry, driver.jobs.delete, service.attempts)
    for call in (*calls, service.events):
        with pytest.raises(JobNotFound):
            call(job.id)
    assert driver.jobs.list(tag="t") == []


def test_cancelling_a_final_job(driver: EngineDriver) -> None:
    """A cancelled one is answered as it is, another final state is refused."""
    driver.jobs.task("add")(lambda: 1)
    job = driver.run("add")
    with pytest.raises(InvalidState, match="succeeded already"):
        driver.jobs.cancel(job.id)
    if driver.engine != "inline":
        waiting = driver.jobs.submit("add", delay=60)
        assert driver.jobs.cancel(waiting.id).state == "cancelled"
        assert driver.jobs.cancel(waiting.id).version == driver.jobs.get(waiting.id).version


def test_pages_meet_every_job_once(driver: EngineDriver) -> None:
    """Newest first, however small the pages, also while jobs come in."""
    driver.jobs.task("add")(lambda: 1)
    ids = [driver.run("add").id for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        page = driver.jobs.list(limit=3, cursor=cursor)
        seen += [job.id for job in page]
        cursor = page.next_cursor
        if cursor is None:
            break
        driver.run("add")
    assert seen == ids[::-1]


def test_a_cursor_that_was_not_made_here_is_refused(driver: EngineDriver) -> None:
    """As InvalidCursor, whatever it is."""
    for cursor in ("", "x", "é", "AAAA", "a" * 1000, "\0"):
        with pytest.raises(InvalidCursor):
            driver.jobs.list(cursor=cursor)


def test_filters_join_fields_by_and_values_by_or(driver: EngineDriver) -> None:
    """A word that is no filter is a TypeError."""
    driver.jobs.task("add")(lambda: 1)
    driver.jobs.task("fail", queue="other")(lambda: 1 / 0)
    added, failed = driver.run("add"), driver.run("fail")

    def found(**filters: Any) -> set[str]:
        return {job.id for job in driver.jobs.list(**filters)}

    assert found(state=["failed", "cancelled"]) == found(queue="other") == {failed.id}
    assert found(task=["add", "fail"]) == {added.id, failed.id}
    assert found(task="add", state="failed") == set()
    assert found(created_after=failed.created_at) == set()
    assert found(created_before=failed.created_at) <= {added.id}
    with pytest.raises(TypeError, match="colour"):
        driver.jobs.list(**{"colour": "red"})  # type: ignore[arg-type]  # as untyped code may call it


def test_without_an_app_context_the_advice_is_given(driver: EngineDriver) -> None:
    """Every call says what is missing."""
    from contextvars import Context

    with pytest.raises(NotReady, match=r"app\.app_context\(\)"):
        Context().run(driver.jobs.list)
