"""What can be done with jobs that there are, on every engine."""

from __future__ import annotations

import pytest

from app.jobs.errors import InvalidCursor, InvalidState, JobNotFound, NotReady

from .driver import Bench


def test_a_final_job_can_be_deleted_with_its_history(bench: Bench) -> None:
    """Afterwards the id is unknown to every call."""
    bench.jobs.task("add", tags=("t",))(lambda: 1)
    job = bench.run("add")
    bench.jobs.delete(job.id)
    service = bench.jobs.runtime.jobs
    calls = (bench.jobs.get, bench.jobs.cancel, bench.jobs.retry, bench.jobs.delete, service.attempts)
    for call in (*calls, service.events, service.result):
        with pytest.raises(JobNotFound):
            call(job.id)
    assert bench.jobs.list(tag="t") == []


def test_cancelling_a_final_job(bench: Bench) -> None:
    """A cancelled one is answered as it is, another final state is refused."""
    bench.jobs.task("add")(lambda: 1)
    job = bench.run("add")
    with pytest.raises(InvalidState, match="succeeded already"):
        bench.jobs.cancel(job.id)
    if bench.engine != "inline":
        waiting = bench.jobs.submit("add", delay=60)
        assert bench.jobs.cancel(waiting.id).state == "cancelled"
        assert bench.jobs.cancel(waiting.id).version == bench.jobs.get(waiting.id).version


def test_pages_meet_every_job_once(bench: Bench) -> None:
    """Newest first, however small the pages, also while jobs come in."""
    bench.jobs.task("add")(lambda: 1)
    ids = [bench.run("add").id for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        page = bench.jobs.list(limit=3, cursor=cursor)
        seen += [job.id for job in page]
        cursor = page.next_cursor
        if cursor is None:
            break
        bench.run("add")
    assert seen == ids[::-1]


def test_a_cursor_that_was_not_made_here_is_refused(bench: Bench) -> None:
    """As InvalidCursor, whatever it is."""
    for cursor in ("", "x", "é", "AAAA", "a" * 1000, "\0"):
        with pytest.raises(InvalidCursor):
            bench.jobs.list(cursor=cursor)


def test_filters_join_fields_by_and_values_by_or(bench: Bench) -> None:
    """A word that is no filter is a TypeError."""
    bench.jobs.task("add")(lambda: 1)
    bench.jobs.task("fail", queue="other")(lambda: 1 / 0)
    added, failed = bench.run("add"), bench.run("fail")

    def found(**filters: object) -> set[str]:
        return {job.id for job in bench.jobs.list(**filters)}

    assert found(state=["failed", "cancelled"]) == found(queue="other") == {failed.id}
    assert found(task=["add", "fail"]) == {added.id, failed.id}
    assert found(task="add", state="failed") == set()
    assert found(created_after=failed.created_at) == set()
    assert found(created_before=failed.created_at) <= {added.id}
    with pytest.raises(TypeError, match="colour"):
        bench.jobs.list(colour="red")


def test_without_an_app_context_the_advice_is_given(bench: Bench) -> None:
    """Every call says what is missing."""
    from contextvars import Context

    with pytest.raises(NotReady, match=r"app\.app_context\(\)"):
        Context().run(bench.jobs.list)
