"""Right calls: mypy --strict must have nothing to say, and knows every type that is asserted here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import assert_type

from flask_sqlalchemy import SQLAlchemy
from marshmallow import Schema
from sqlalchemy.orm import Session

from app.jobs import Job, JobList, Simmer, Task, current_job, fixed
from app.jobs.client import SimmerClient
from app.jobs.values import Schedule

jobs, db = Simmer(), SQLAlchemy()


class Args(Schema):
    """What `report` takes."""


@jobs.task
def add(a: int, b: int = 0) -> int:
    """Without brackets."""
    return a + b


@jobs.task("report", schema=Args, queue="reports", priority=-5, max_attempts=5, backoff="exponential",
           retry_on=(OSError, ValueError), never_on=ConnectionError, timeout=600, on_interrupt="fail",
           tags=["monthly"])  # fmt: skip
def report(month: str) -> dict[str, str]:
    """With every option."""
    return {"month": month}


@jobs.task(retry_on=OSError, backoff=lambda attempt: 2.0 * attempt, timeout=None, tags=("a", "b"))
def empty() -> None:
    """With one class, a callable, and no time limit."""


@jobs.task(name="named", queue="reports", backoff=fixed(timedelta(minutes=1)))
def named(a: int) -> int:
    """With its name said by name."""
    return a


assert_type(named(1), int)
assert_type(add(1, b=2), int)
assert_type(report("2026-11"), dict[str, str])
assert_type(add.submit(1, b=2), Job)
assert_type(add.submit(a=1), Job)
assert_type(empty.submit(), Job)
assert_type(add.options(delay=60, priority=-5, queue="reports").submit(1), Job)
assert_type(add.options(run_at=datetime.now(UTC) + timedelta(days=1), tags=("a",)).submit(b=1, a=2), Job)
assert_type(add.options(delay=timedelta(minutes=5), timeout=timedelta(hours=1)).submit(a=1), Job)
assert_type(add.options(session=db.session, timeout=None, max_attempts=3).submit(a=1), Job)
assert_type(add.submit_many([{"a": 1}, {"a": 2, "b": 3}]), list[Job])
assert_type(add.options(tags=["x"]).submit_many({"a": number} for number in range(3)), list[Job])
assert_type(jobs.submit("add", args={"a": 1}, delay=1.5), Job)


def in_a_transaction(session: Session) -> Job:
    """A plain session does as well."""
    return jobs.submit("add", {"a": 1}, session=session)


@jobs.schedule("interval", seconds=30, start_now=True, id="refresh", misfire="skip", jitter=2)
def refresh(limit: int = 10) -> str:
    """A plain function."""
    return "x" * limit


@jobs.schedule("cron", expression="0 9 * * mon-fri", timezone="Europe/Helsinki", args={"limit": 3})
@jobs.task("morning", max_attempts=3)
def morning(limit: int) -> int:
    """A task."""
    return limit


@jobs.schedule("date", run_at=datetime(2030, 1, 1, tzinfo=UTC))
@jobs.schedule("cron", hour=9, day_of_week="mon-fri", max_running=None)
@jobs.schedule({"type": "interval", "seconds": 30}, misfire_grace=60)
def thrice() -> None:
    """Schedules on a schedule."""


assert_type(refresh(3), str)
assert_type(refresh.submit(3), Job)
assert_type(morning(limit=3), int)
assert_type(morning.options(delay=1).submit(3), Job)
plain: Callable[[int], int] = morning
task: Task[[], None] = thrice

jobs.add_schedule(task=add, trigger="interval", minutes=5, args={"a": 1}, id="add", replace=True)
jobs.add_schedule(task=add, trigger=timedelta(minutes=5), args={"a": 1}, start_now=True)
jobs.add_schedule(task=add, trigger="interval", seconds=timedelta(minutes=5), args={"a": 1})
jobs.add_schedule(task="add", trigger="calendar", months=2, start_date=date(2026, 1, 31), hour=9)
jobs.add_schedule(task="add", trigger="or", triggers=[{"type": "cron", "hour": 9}, timedelta(hours=1)])
jobs.add_schedule(task="add", trigger="cron", expression="@daily", timezone="UTC", paused=True)
assert_type(
    jobs.update_schedule("add", trigger="cron", expression="@daily", paused=True, args={"a": 2}), Schedule
)
jobs.update_schedule("add", trigger="interval", minutes=5, task=morning)
jobs.update_schedule("add", trigger=timedelta(minutes=5))
jobs.update_schedule("add", trigger={"type": "date", "run_at": "2030-01-01T00:00:00Z"}, timezone="UTC")
jobs.update_schedule("add", jitter=2, misfire_grace=None)
assert_type(jobs.list_schedules(), list[Schedule])
jobs.add_schedule(task=morning, trigger={"type": "date", "run_at": "2030-01-01T00:00:00Z"}, max_running=2)
assert_type(
    jobs.list(limit=10, state="failed", task=["add", "report"], created_after=datetime.now(UTC)), JobList
)
assert_type(jobs.list(state=("failed", "cancelled"))[0].state == "failed", bool)
assert_type(jobs.get("id").result is None, bool)

for number in current_job.track(range(3), message="counting"):
    assert_type(number, int)
assert_type(current_job.id, str)
assert_type(current_job.time_left, float | None)
current_job.progress(1, total=3, message="one")
assert_type(jobs.get("id").url(rights=["read", "cancel"], expires=60), str)

client = SimmerClient("http://127.0.0.1:5000/api/v1", "token", timeout=5)
assert_type(client.submit("add", {"a": 1}, delay=timedelta(minutes=5), tags=["x"]), Job)
assert_type(client.wait("id", 10, on_progress=lambda job: print(job.progress.percent)), Job)
assert_type([job.id for job in client.list(state="failed", tag=("a", "b"))], list[str])
assert_type(client.get_schedule("refresh"), Schedule)
