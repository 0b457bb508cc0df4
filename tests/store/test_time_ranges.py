"""Filters by when jobs began and ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.ids import new_id
from app.jobs.store import completion, new_jobs, queries, time_ranges
from app.jobs.store.job_filters import JobFilters

from .factory import NOW, OUTCOMES, claim_one, new_job, register

FILTERS = ("started_after", "started_before", "finished_after", "finished_before")


def at(minutes: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def store(conn: Connection, minute: int, begun: int | None, ended: int | None) -> str:
    """A job made at `minute`, which began and ended so many minutes after NOW; None: not yet."""
    job_id = new_id(at(minute))
    new_jobs.enqueue(conn, [new_job(id=job_id, created_at=at(minute), run_at=at(minute))])
    if begun is None:
        return job_id
    claim = claim_one(conn, job_id)
    assert claim is not None
    if ended is None:
        conn.exec_driver_sql(
            f"UPDATE simmer_jobs SET started_at = {literal(conn, at(begun))} WHERE id = '{job_id}'"
        )
    else:
        run = replace(claim, outcome=OUTCOMES["succeeded"], started_at=at(begun), finished_at=at(ended))
        completion.complete(conn, [run])
    return job_id


def literal(conn: Connection, moment: datetime) -> str:
    """The moment within SQL."""
    return f"'{moment:%Y-%m-%d %H:%M:%S.%f}{'+00' if conn.dialect.name == 'postgresql' else ''}'"


LIVES = [(0, 0, 1), (0, 5, 9), (1, 2, 3), (1, 8, 9), (2, 3, None), (3, 3, 9), (4, None, None), (5, 9, 10)]
"""(made, begun, ended) of the jobs that the tests look for."""


@pytest.mark.parametrize("few", [time_ranges.FEW, 0])
def test_each_combination_finds_what_it_says(
    database: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether few jobs ended within the range or many, from the newest on, page by page."""
    monkeypatch.setattr(time_ranges, "FEW", few)
    with database.write() as conn:
        register(conn)
        ids = [store(conn, *life) for life in LIVES]
    lives = dict(zip(ids, LIVES, strict=True))
    with database.read() as conn:
        for count in range(1, 3):
            for names in combinations(FILTERS, count):
                for minute in (2, 8):
                    bounds = {name: minute + place for place, name in enumerate(names)}
                    filters = JobFilters.of({name: at(bound) for name, bound in bounds.items()})
                    wanted = [each for each in sorted(ids, reverse=True) if fits(lives[each], bounds)]
                    assert listed(conn, filters) == wanted, bounds
                    assert queries.count(conn, filters) == (len(wanted), False)


def fits(life: tuple[int, int | None, int | None], bounds: dict[str, int]) -> bool:
    """Whether the job is within the bounds."""
    for name, bound in bounds.items():
        moment = life[1 if name.startswith("started") else 2]
        if moment is None or not (moment > bound if name.endswith("after") else moment < bound):
            return False
    return True


def listed(conn: Connection, filters: JobFilters) -> list[str]:
    """The ids on the pages, two a page."""
    found: list[str] = []
    while True:
        page, more = queries.page(conn, filters, 2, found[-1] if found else None, True)
        found += [job.id for job in page]
        if not more:
            return found


def test_the_ends_of_the_calendar_bound_nothing(database: Database) -> None:
    """The first and the last moment that a filter can name."""
    with database.write() as conn:
        register(conn)
        job_id = store(conn, 0, 1, 2)
        first, last = datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        assert listed(conn, JobFilters(started_after=first, finished_before=last)) == [job_id]
        assert listed(conn, JobFilters(started_before=first)) == []
