"""Many schedules in several processes, kill -9 among them: one decision and one job for a fire time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from statistics import quantiles

import pytest

from app.jobs.schedules.triggers import Trigger, parse_trigger

from ..support import eventually
from . import host
from .server_host import ServerHost

OURS = "schedule_id GLOB 's[0-9]*'"
LEFT = "SELECT count(*) FROM simmer_schedules WHERE id GLOB 's[0-9]*' AND next_fire_at IS NOT NULL"
OPEN = f"SELECT count(*) FROM simmer_jobs WHERE {OURS} AND state != 'succeeded'"
TWICE = f"""SELECT count(*) FROM (SELECT 1 FROM simmer_jobs WHERE {OURS} AND fire_time IS NOT NULL
            GROUP BY schedule_id, fire_time HAVING count(*) > 1)"""
SAME = "j.id = f.job_id AND j.schedule_id = f.schedule_id AND j.fire_time = f.fire_time"
WITHOUT_JOB = f"""SELECT count(*) FROM simmer_fires f LEFT JOIN simmer_jobs j ON {SAME}
                  WHERE f.decision = 'fired' AND j.id IS NULL"""
WITHOUT_DECISION = f"""SELECT count(*) FROM simmer_jobs j LEFT JOIN simmer_fires f ON {SAME}
                       AND f.decision = 'fired' WHERE j.fire_time IS NOT NULL AND f.job_id IS NULL"""
WORKER = {"THREADS": 2}


def store(here: ServerHost, count: int, seconds: int, apart: float) -> datetime:
    """Store schedules of a second, `apart` from each other, which end after so many `seconds`; the start."""
    app = host.create_app(here.url)
    with app.app_context():
        begin = datetime.now(UTC) + timedelta(seconds=1 + 0.02 * count)
        for number in range(count):
            start = begin + timedelta(seconds=number * apart)
            times = {
                "start_at": start.isoformat(),
                "end_at": (start + timedelta(seconds=seconds - 1)).isoformat(),
            }
            trigger = {"type": "interval", "seconds": 1, **times}
            host.jobs.add_schedule(id=f"s{number:03}", task="tick", trigger=trigger, max_running=None)
        host.jobs.runtime.database.close()
        host.db.engine.dispose()
    return begin


def fire_times(here: ServerHost) -> dict[str, tuple[datetime, int]]:
    """The first fire time of each schedule and how many there are, as its trigger says."""
    found = {}
    for slug, words, anchored in here.rows.of("SELECT id, trigger, anchor FROM simmer_schedules"):
        if slug != "tick":
            trigger: Trigger = parse_trigger(json.loads(words))
            anchor = utc(anchored)
            first = trigger.next_after(None, anchor)
            assert first is not None
            found[slug] = first, trigger.until(first, first + timedelta(days=1), anchor)[0]
    return found


def missing(here: ServerHost) -> tuple[int, int]:
    """How many fire times no decision counts, and how many two of them count."""
    sql = f"SELECT schedule_id, fire_time, count FROM simmer_fires WHERE {OURS} ORDER BY 1, 2"
    decided: dict[str, list[tuple[datetime, int]]] = {}
    for slug, fire_time, count in here.rows.of(sql):
        decided.setdefault(slug, []).append((utc(fire_time), count))
    none = twice = 0
    for slug, (first, count) in fire_times(here).items():
        due, end = first, first + timedelta(seconds=count)
        for fire_time, covered in [*decided.get(slug, []), (end, 0)]:
            gap = round((fire_time - due).total_seconds())
            none, twice = none + max(0, gap), twice + max(0, -gap)
            due = fire_time + timedelta(seconds=covered)
    return none, twice


def utc(text: str) -> datetime:
    """A moment as SQLite has it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def check(here: ServerHost) -> dict[str, int]:
    """Wait for the end, print what was decided, and check it; the counts of the decisions."""
    here.until(0, LEFT, timeout=60)
    here.until(0, OPEN, timeout=60)
    for server in here.servers:
        server.kill()
    counts = dict(here.rows.of(f"SELECT decision, sum(count) FROM simmer_fires WHERE {OURS} GROUP BY 1"))
    none, twice = missing(here)
    double = twice + here.rows.one(TWICE)
    without = here.rows.one(WITHOUT_JOB) + here.rows.one(WITHOUT_DECISION)
    total = sum(count for _, count in fire_times(here).values())
    print(f"{total} fire times: {counts}; missing {none}, double {double}, without their job {without}")
    assert (none, double, without) == (0, 0, 0)
    assert sum(counts.values()) == total
    here.rows.check_histories()
    return counts


COUNTED: list[tuple[list[tuple[int, int]], tuple[int, int]]] = [
    # decisions as (second of the fire time, count), of three fire times; missing and double ones
    ([(0, 1), (1, 1), (2, 1)], (0, 0)),
    ([(0, 3)], (0, 0)),
    ([(0, 1), (2, 1)], (1, 0)),
    ([(1, 1)], (2, 0)),
    ([], (3, 0)),
    ([(0, 2), (1, 2)], (0, 1)),
    ([(0, 1), (1, 2), (2, 1)], (0, 1)),
    ([(0, 4)], (0, 1)),
]


def test_the_count_itself(here: ServerHost) -> None:
    """It sees fire times without a decision, at the ends too, and those with two."""
    store(here, 1, 3, 0)
    ((first, _),) = fire_times(here).values()
    columns = "schedule_id, fire_time, decision, count, decided_at, late_seconds"
    for decided, found in COUNTED:
        with closing(sqlite3.connect(here.rows.path)) as conn, conn:
            conn.execute("DELETE FROM simmer_fires")
            for second, count in decided:
                moment = (first + timedelta(seconds=second)).strftime("%F %T.%f")
                row = ("s000", moment, "coalesced", count, moment, 0)
                conn.execute(f"INSERT INTO simmer_fires ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
        assert (decided, missing(here)) == (decided, found)


@pytest.mark.parametrize(
    ("processes", "schedules", "seconds", "every"),
    [(3, 40, 6, 2), pytest.param(4, 200, 30, 5, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
def test_killed_processes_lose_and_double_nothing(
    here: ServerHost, processes: int, schedules: int, seconds: int, every: int
) -> None:
    """Schedules of a second on one file, and kill -9 to one process after the other, which is restarted."""
    workers = [here.start("worker", **WORKER) for _ in range(processes)]
    here.ready(workers[-1], workers=processes)
    begin = store(here, schedules, seconds, apart=1 / schedules)
    moments = range(every, seconds, every)
    for second, place in zip(moments, islice(cycle(range(processes)), len(moments)), strict=True):
        passed = (begin + timedelta(seconds=second)).strftime("%F %T")
        newest = f"SELECT max(fire_time) > ? FROM simmer_fires WHERE {OURS}"
        eventually(partial(here.rows.one, newest, passed), 60, f"fire times pass {passed}")
        workers[place].kill()
        workers[place] = here.start("worker", **WORKER)
    counts = check(here)
    assert set(counts) <= {"fired", "coalesced"}


@pytest.mark.long
@pytest.mark.parametrize("apart", [0, 0.01], ids=["at one moment", "spread"])
def test_one_process_fires_a_hundred_a_second(here: ServerHost, apart: float) -> None:
    """A hundred schedules of a second for twenty seconds: all of 2,000 fire; how late is printed."""
    here.up("worker", **WORKER)
    store(here, 100, 20, apart)
    assert check(here) == {"fired": 2000}
    late = "1000 * 86400 * (julianday({}) - julianday(fire_time))"
    for what, sql in (
        ("decided", f"SELECT 1000 * late_seconds FROM simmer_fires WHERE {OURS}"),
        ("begun", f"SELECT {late.format('started_at')} FROM simmer_jobs WHERE {OURS}"),
    ):
        found = quantiles([row[0] for row in here.rows.of(sql)], n=100)
        print(f"{what} p50 {found[49]:.1f} ms, p99 {found[98]:.1f} ms after the fire time")
