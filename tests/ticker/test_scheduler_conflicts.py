"""Schedules that collide with what was before, or with each other, stop neither themselves nor the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.jobs import Simmer
from app.jobs.database.tables import FIRES
from app.jobs.schedules.triggers import parse_trigger
from tests.reliability.consistency import check_consistency

EVERY_TEN = {"type": "interval", "seconds": 10}


@pytest.fixture
def jobs(make_app: Callable[..., Flask]) -> Iterator[Simmer]:
    """A Simmer with a task and the manual engine, in the context of its app."""
    made = Simmer()
    made.task("refresh")(lambda: 1)
    with make_app(made, JOBS_ENGINE="manual", JOBS_API_PREFIX=None).app_context():
        yield made


def let_pass(jobs: Simmer, seconds: int) -> None:
    """So many seconds pass; what fires runs at once."""
    for _ in range(seconds):
        jobs.testing.advance(1)
        jobs.testing.drain()


def fired(jobs: Simmer, schedule_id: str) -> list[Any]:
    """The fire times for which the schedule has a job."""
    found = [job for job in jobs.testing.submitted() if job.schedule_id == schedule_id]
    return [job.fire_time for job in found if job.fire_time is not None]


def decisions(jobs: Simmer) -> list[tuple[str, Any]]:
    """(decision, fire time) of each decision that is kept."""
    with jobs.runtime.database.read() as conn:
        rows = conn.execute(select(FIRES).order_by(FIRES.c.fire_time)).all()
    return [(row.decision, row.fire_time) for row in rows]


def test_advance_meets_every_fire_time_at_its_moment(jobs: Simmer) -> None:
    """As a ticker that is never late; what falls between two is not lost."""
    start = jobs.runtime.clock.now()
    jobs.add_schedule(id="ten", task="refresh", trigger=EVERY_TEN)
    jobs.add_schedule(
        id="four", task="refresh", trigger={"type": "interval", "seconds": 4, "start_now": True}
    )
    let_pass(jobs, 21)
    assert fired(jobs, "ten") == [start + timedelta(seconds=s) for s in (10, 20)]
    assert fired(jobs, "four") == [start + timedelta(seconds=s) for s in (0, 4, 8, 12, 16, 20)]
    jobs.testing.advance(0.5)
    let_pass(jobs, 20)
    assert len(fired(jobs, "ten")) == 4
    assert all(job.created_at == job.fire_time for job in jobs.testing.submitted())
    check_consistency(jobs.runtime.database)


def test_a_fire_time_whose_schedule_was_removed_keeps_its_one_job(jobs: Simmer) -> None:
    """An id that is used again may lead to the same moment: it gets no second job, and no harm is done."""
    at = jobs.runtime.clock.now() + timedelta(seconds=5)
    jobs.add_schedule(id="other", task="refresh", trigger=EVERY_TEN)
    for _ in range(2):
        jobs.add_schedule(id="once", task="refresh", trigger={"type": "date", "run_at": at})
        let_pass(jobs, 5)
        assert fired(jobs, "once") == [at]
        last = decisions(jobs)
        jobs.remove_schedule("once")
    assert ("skipped", at) in last
    let_pass(jobs, 30)
    assert len(fired(jobs, "other")) == 4


def test_a_clock_that_is_set_back_fires_nothing_twice(jobs: Simmer) -> None:
    """Decided fire times stay decided; when the clock has caught up, the schedule goes on."""
    clock = jobs.runtime.clock
    jobs.add_schedule(id="ten", task="refresh", trigger=EVERY_TEN)
    jobs.add_schedule(id="other", task="refresh", trigger=EVERY_TEN)
    let_pass(jobs, 30)
    clock.jump(-20)  # type: ignore[attr-defined]
    jobs.pause_schedule("ten")
    jobs.resume_schedule("ten")  # from now on, which is in the past
    let_pass(jobs, 50)
    for schedule_id in ("ten", "other"):
        times = fired(jobs, schedule_id)
        assert len(times) == len(set(times)) == 6
        assert times == sorted(times)
    check_consistency(jobs.runtime.database)


@pytest.mark.parametrize("args", [{"x": object()}, {"y": 1}])
def test_a_declaration_whose_arguments_do_not_fit_stops_no_other(
    jobs: Simmer, caplog: pytest.LogCaptureFixture, args: dict[str, Any]
) -> None:
    """Declared once the threads run, it is named in the log; the others are declared and fire."""
    jobs.schedule("interval", id="a-wrong-one", seconds=10, args=args)(jobs.task("odd")(_odd))
    jobs.schedule("interval", seconds=10, id="right")(jobs.task("plain")(_plain))
    let_pass(jobs, 10)
    assert len(fired(jobs, "right")) == 1
    assert "not declared: schedule 'a-wrong-one'" in caplog.text


def _odd(x: Any = None) -> None: ...


def _plain() -> None: ...


def test_an_id_that_was_made_at_run_time_is_not_taken_by_code(
    jobs: Simmer, caplog: pytest.LogCaptureFixture
) -> None:
    """The stored one goes on as it is, and the log names the declaration that lost."""
    jobs.add_schedule(id="mine", task="refresh", trigger=EVERY_TEN)
    jobs.schedule("interval", seconds=3, id="mine")(jobs.task("plain")(_plain))
    let_pass(jobs, 10)
    assert [job.task for job in jobs.testing.submitted()] == ["refresh"]
    assert "'mine' is not declared" in caplog.text


def test_a_task_that_is_not_known_here_fires_elsewhere(jobs: Simmer) -> None:
    """Its schedule is left to a process that knows it; ours fire."""
    jobs.add_schedule(id="ten", task="refresh", trigger=EVERY_TEN)
    jobs.add_schedule(id="unknown", task="refresh", trigger=EVERY_TEN)
    with jobs.runtime.database.write() as conn:
        conn.exec_driver_sql("UPDATE simmer_schedules SET task = 'gone' WHERE id = 'unknown'")
    let_pass(jobs, 20)
    assert (len(fired(jobs, "ten")), fired(jobs, "unknown")) == (2, [])
    assert jobs.get_schedule("unknown").last_fire_at is None


@pytest.mark.parametrize("seconds", [0.1, 1 / 3, 7, 86_400 * 7])
def test_a_chain_of_fire_times_has_no_gap(seconds: float) -> None:
    """However it is walked: one by one, from any moment, or counted at once."""
    trigger = parse_trigger("interval", seconds=seconds)
    anchor = datetime(2030, 1, 1, 0, 0, 0, 123_457, tzinfo=UTC)  # no round moment
    walked = [_must(trigger.next_after(None, anchor))]
    for _ in range(50):
        walked.append(_must(trigger.next_after(walked[-1], anchor)))
    gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(walked)}
    assert len(gaps) == 1
    first, last = walked[0], walked[-1]
    assert trigger.next_after(last - timedelta(microseconds=1), anchor) == last
    count, latest = trigger.until(first, last + timedelta(microseconds=1), anchor)
    assert (count, latest) == (len(walked), last)


def _must(moment: datetime | None) -> datetime:
    assert moment is not None
    assert moment.utcoffset() == timedelta(0)
    return moment
