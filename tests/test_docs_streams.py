"""The examples of docs/http.md that follow a job: in Python, and in JavaScript in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from app.jobs import Simmer, current_job

from .browser import open_page, serving
from .documents import doc
from .test_docs_snippets import apart, end, module_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[str]:
    """The address of a job that emits, on a server, and that has ended soon."""
    jobs, app = Simmer(), Flask("followed", instance_path=str(tmp_path))

    @jobs.task
    def search() -> None:
        current_job.emit({"page": 0})

    jobs.init_app(app)
    try:
        with serving(app) as address, app.app_context():
            jobs.start()
            yield f"{address}/api/v1/jobs/{search.options(delay=0.5).submit().id}"
    finally:
        end(app)


def test_the_python_that_follows_a_job_ends_with_it(followed: str, tmp_path: Path) -> None:
    """It has seen the final state and all data by then, and needs no more than the standard library."""

    def check() -> None:
        with module_of(doc("http"), tmp_path) as names:
            seen = list(names["follow"](followed))
        assert ("data", {"page": 0}) in seen
        assert seen[-1][1]["to"] == "succeeded"

    apart(check)


def test_the_javascript_that_follows_a_job_ends_with_it(followed: str, browser: Browser) -> None:
    """In a real browser, which comes back after the end and is told that it is over."""
    (block,) = [block.text for block in doc("http").blocks if block.language == "javascript"]
    with open_page(browser) as (page, _):
        page.goto(followed)
        page.evaluate(
            f"""(job) => {{ {block}
                window.seen = [];
                follow(job, (kind, data) => seen.push([kind, data]));
            }}""",
            followed,
        )
        page.wait_for_function("seen.some(([kind, data]) => data && data.to === 'succeeded')")
        seen = page.evaluate("seen")
    assert ["data", {"page": 0}] in seen
    assert seen[-1][1]["to"] == "succeeded"
