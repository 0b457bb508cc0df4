# ruff: noqa: B015, B018
"""Wrong calls: mypy --strict must find an error in each line that is marked, and in no other."""

from __future__ import annotations

from datetime import UTC, datetime

from app.jobs import Simmer, current_job
from app.jobs.client import SimmerClient

jobs = Simmer()


@jobs.task
def add(a: int, b: int = 0) -> int:
    """Adds."""
    return a + b


@jobs.schedule("interval", seconds=30)
@jobs.task("refresh")
def refresh(limit: int = 10) -> str:
    """Refreshes."""
    return "x" * limit


# Words, types and values of a task's options.
jobs.task("a", max_retries=3)  # error
jobs.task("a", max_attempts="3")  # error
jobs.task("a", queue=None)  # error
jobs.task("a", tags="monthly")  # error
jobs.task("a", on_interrupt="ignore")  # error
jobs.task("a", backoff="constant")  # error
jobs.task("a", never_on=("OSError",))  # error
jobs.task("a", backoff=lambda: 1.0)  # error
jobs.task("a", retry_on="OSError")  # error
jobs.task("a", schema=dict)  # error
jobs.task("a", delay=3)  # error
jobs.task(7)  # error

# Calling a task.
add("1")  # error
add(1, c=2)  # error
add(1) + "x"  # error
refresh(3) + 1  # error

# Submitting it.
add.submit("1")  # error
add.submit(1, c=2)  # error
add.submit(1, 2, 3)  # error
add.submit()  # error
add.submit(1).staet  # error
add.submit_many([1, 2])  # error
add.submit_many({"a": 1})  # error
refresh.submit(limit="3")  # error

# Options of a submission.
add.options(countdown=60)  # error
add.options(delay="60")  # error
add.options(run_at="2030-01-01T00:00:00Z")  # error
add.options(eta=datetime.now(UTC))  # error
add.options(priority=1.5)  # error
add.options(tags="monthly")  # error
add.options(session="db")  # error
add.options(backoff=3)  # error
add.options(delay=60).submit("1")  # error
add.options(delay=60).submit(1, c=2)  # error
add.options(delay=60)(1)  # error
jobs.submit(add, {"a": 1})  # error
jobs.submit("add", a=1)  # error
jobs.submit("add", {"a": 1}, max_retries=3)  # error
jobs.submit("add", [1])  # error

# Schedules.
jobs.schedule("interval", second=30)  # error
jobs.schedule("interval", seconds="30")  # error
jobs.schedule("cron", hours=9)  # error
jobs.schedule("cron", "0 9 * * *")  # error
jobs.schedule("daily")  # error
jobs.schedule("calendar", months=1.5)  # error
jobs.schedule("or", triggers="cron", hour=9)  # error
jobs.schedule("date", run_at=5)  # error
jobs.schedule("interval", seconds=30, misfire="never")  # error
jobs.schedule("interval", seconds=30, args=[1])  # error
jobs.add_schedule(task=len, trigger="interval", seconds=30)  # error
jobs.add_schedule(task="add", trigger="interval", second=30)  # error
jobs.add_schedule(task="add", trigger={"type": "interval"}, seconds=30)  # error
jobs.add_schedule(trigger="interval", seconds=30)  # error
jobs.update_schedule("add", trigger="interval", second=30)  # error
jobs.update_schedule("add", seconds=30)  # error
jobs.update_schedule("add", colour="red")  # error
jobs.add_schedule(task="add", trigger="interval", seconds=30, max_runing=2)  # error

# Reading.
jobs.list(stat="failed")  # error
jobs.list(state="done")  # error
jobs.list(state=["failed", "done"])  # error
jobs.list(created_after="yesterday")  # error
jobs.get(1)  # error
jobs.get("id").state == "succeded"  # error
jobs.get("id").attempt = 2  # error
jobs.wait("id", timeout="5")  # error
jobs.cancel(add)  # error
jobs.get("id").url(rights="read")  # error
jobs.get("id").url(rights=["operate"])  # error
jobs.get("id").url(expires="1h")  # error

# In a task.
current_job.progess(1)  # error
current_job.progress("1")  # error
current_job.track(3)  # error
current_job.id = "x"  # error

# The client: its words are those of a submission from outside.
client = SimmerClient("http://127.0.0.1:5000/api/v1")
client.submit("add", {"a": 1}, dellay=5)  # error
client.submit("add", {"a": 1}, session=None)  # error
client.submit("add", {"a": 1}, priority="high")  # error
client.list(status="failed")  # error
client.get("id").status  # error
