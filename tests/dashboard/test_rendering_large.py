"""Every page over a database of a million jobs: what it costs, and that it reads a bounded part of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import event

from app.jobs.store.json_filters import MOST_SCANNED
from bench.child import in_child
from bench.history import store_finished
from bench.host import create_app, jobs

COUNT: Final = 1_000_000
MOST: Final = 0.1
"""Seconds of the processor's time for a page, the best of TRIES."""
TRIES: Final = 3
FILTERS: Final = (
    "", "?state=failed", "?state=queued", "?task=bench.noop", "?task=bench.noop&state=failed",
    "?state=failed&task=bench.fail", "?task=nothing", "?queue=default", "?tag=nothing", "?batch_id={id}",
    "?schedule_id=nothing", "?args.number=1", "?args.number=2", "?args.a.b=x&state=failed", "?meta.tenant=7",
    "?created_after={middle}", "?created_before={middle}", "?created_before={middle}&state=failed",
    "?finished_after={middle}", "?finished_before={middle}", "?finished_before={middle}&task=bench.fail",
    "?started_after={middle}&started_before={later}", "?cursor={cursor}", "?cursor={cursor}&state=failed",
    "?sort=created_at", "?state=failed&state=cancelled&sort=created_at",
)  # fmt: skip
PAGES: Final = (
    "/", "/?window=24h", "/?window=7d", "/jobs/{id}", "/schedules", "/tasks", "/tasks/bench.noop", "/queues",
    "/batches", "/workers", "/about", *(f"/jobs{each}" for each in FILTERS),
)  # fmt: skip


SLOW: Final = (
    "/jobs?sort=created_at&finished_after={middle}",
    "/jobs?started_after={middle}&started_before={middle}",
)
"""Pages that pass half of the table, in an order that no index has, before the first job matches."""
MOST_OF_SLOW: Final = 1.0


Sent = tuple[str, Sequence[Any]]
"""A statement and its parameters."""


@dataclass
class Cost:
    """What a page took: seconds of the processor's time, and the statements that it sent."""

    seconds: float
    statements: list[Sent]


@contextmanager
def statements_of(app: Flask) -> Iterator[list[Sent]]:
    """Those that reach the database while the block runs."""
    sent: list[Sent] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Sequence[Any], *_: object) -> None:
        sent.append((statement, parameters))

    with app.app_context():
        engine = jobs.runtime.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def cost_of(app: Flask, path: str) -> Cost:
    """Ask for the page TRIES times; the least time counts, for other processes disturb."""
    client, taken = app.test_client(), []
    for _ in range(TRIES):
        with statements_of(app) as sent:
            began = time.process_time()
            response = client.get(f"/jobs{path}")
            taken.append(time.process_time() - began)
        assert response.status_code == 200, response.get_data(as_text=True)
    return Cost(min(taken), sent)


def is_bounded(sent: Sent) -> bool:
    """Whether it counts up to a limit only, and skips no more than a filter by JSON looks at."""
    words, parameters = re.sub(r"\s+", " ", sent[0]).lower(), sent[1]
    # SQLAlchemy writes OFFSET 0 beside each LIMIT of a subquery.
    skipped = [parameters[words[: each.start()].count("?")] for each in re.finditer(r"offset \?", words)]
    if len(skipped) != words.count("offset") or any(each >= MOST_SCANNED for each in skipped):
        return False
    is_small = re.search(r"from simmer_(?!jobs|events|attempts|logs)\w+", words) is not None
    return words.count("count(*)") <= words.count("limit") or is_small


def test_what_is_unbounded_is_told() -> None:
    """The check of statements is one that can fail."""
    assert is_bounded(("SELECT id FROM simmer_jobs LIMIT ? OFFSET ?", (1, 9_999)))
    assert not is_bounded(("SELECT id FROM simmer_jobs LIMIT ? OFFSET ?", (50, 10_000)))
    assert not is_bounded(("SELECT id FROM simmer_jobs OFFSET 5", ()))
    assert not is_bounded(("SELECT count(*) FROM simmer_jobs", ()))


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_every_page_is_quick_whatever_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each page and filter takes a bounded time, and no statement counts or skips without end."""
    path = tmp_path / "large.db"
    in_child(store_finished, path=str(path), count=COUNT)
    app = create_app(path, JOBS_ENGINE="manual", JOBS_AUTOSTART=False, TESTING=True)
    words = places(app)
    costs = {each: cost_of(app, each.format(**words)) for each in (*PAGES, *SLOW)}
    with capsys.disabled():
        for each, cost in costs.items():
            print(f"\n{1000 * cost.seconds:5.0f} ms {len(cost.statements):3} statements  {each}", end="")
    late = {each: cost.seconds for each, cost in costs.items() if cost.seconds > most_of(each)}
    assert not late
    unbounded = [sent for cost in costs.values() for sent in cost.statements if not is_bounded(sent)]
    assert not unbounded, unbounded


def most_of(page: str) -> float:
    """Seconds that a page may take."""
    return MOST_OF_SLOW if page in SLOW else MOST


def places(app: Flask) -> dict[str, str]:
    """The newest job, the middle of the history, and the cursor of a page in it."""
    client = app.test_client()

    def first(query: str) -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/api/v1/jobs?limit=1&{query}").get_json()
        return {**found["items"][0], "cursor": found["next_cursor"]}

    newest, oldest = first(""), first("sort=created_at")
    ends = [datetime.fromisoformat(each["created_at"]) for each in (oldest, newest)]
    middle = ends[0] + (ends[1] - ends[0]) / 2
    moments = {"middle": middle, "later": middle + timedelta(hours=1)}
    shown = {name: at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in moments.items()}
    return {**shown, "id": newest["id"], "cursor": first(f"created_before={shown['middle']}")["cursor"]}
