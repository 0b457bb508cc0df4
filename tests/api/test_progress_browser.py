"""The progress bar of a job in a page of the host's, as a browser keeps it up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Response, render_template_string

from app.jobs import current_job

from ..browser import open_page, serving
from .api_client import API, ApiClient, api_client

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
PAGE = """<!doctype html><html lang="en"><title>x</title>
{{ jobs_progress_script() }}<p>Export: {{ jobs_progress(job, label="Export", expires=600) }}</p>"""


@contextmanager
def host(folder: Path, **config: Any) -> Iterator[ApiClient]:
    """A host with a page for each job, under a strict policy."""
    with api_client(folder, api_tokens={"token-read": ["read"]}, **config) as made:
        made.app.config["SECRET_KEY"] = "a key for tests"

        @made.app.get("/export/<id>")
        def export(id: str) -> Response:
            page = render_template_string(PAGE, job=made.jobs.get(id))
            return Response(page, headers={"Content-Security-Policy": STRICT})

        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A host whose jobs run when `drain` is called."""
    with host(tmp_path) as made:
        yield made


class Visit:
    """A visitor looks at the page of a job, on which `poll` makes time pass."""

    def __init__(self, page: Page, complaints: list[str], address: str) -> None:
        self.page, self.complaints = page, complaints
        self.polls: list[str] = []
        page.on(
            "request", lambda request: self.polls.append(request.url) if "/jobs/" in request.url else None
        )
        page.clock.install()
        self._address = address

    def open(self, id: str) -> None:
        """Go to the page."""
        self.page.goto(f"{self._address}/export/{id}")

    def poll(self, seconds: float = 2) -> None:
        """Let so much time pass on the page: a new job is polled each second or so."""
        self.page.clock.run_for(int(seconds * 1000))

    def reads(self, words: str) -> None:
        """Wait until the bar says so."""
        self.page.locator("simmer-progress", has_text=words).wait_for()


@contextmanager
def visitor(here: ApiClient, browser: Browser) -> Iterator[Visit]:
    """A visitor of the host."""
    with serving(here.app) as address, open_page(browser) as (page, complaints):
        yield Visit(page, complaints, address)


@pytest.fixture
def visit(here: ApiClient, browser: Browser) -> Iterator[Visit]:
    """A visitor of the host whose jobs run when `drain` is called."""
    with visitor(here, browser) as made:
        yield made


def submit(here: ApiClient, task: str) -> str:
    """The id of a new job."""
    with here.app.app_context():
        return here.jobs.submit(task).id


def test_it_follows_the_job_to_its_end(tmp_path: Path, browser: Browser) -> None:
    """Under a strict policy it shows how far the job is; the end is announced, and nothing more is asked."""
    may_go_on, may_end = threading.Event(), threading.Event()
    with host(tmp_path, engine="thread") as here, visitor(here, browser) as visit:

        @here.jobs.task
        def export() -> None:
            may_go_on.wait(10)
            current_job.progress(1, 4, "a <b> & c")
            may_end.wait(10)

        visit.open(submit(here, "export"))
        visit.reads("Waiting")
        bar = visit.page.get_by_role("progressbar", name="Export")
        assert bar.get_attribute("value") is None
        visit.page.evaluate("addEventListener('simmer-progress', ({ detail }) => { last = detail.state })")
        with here.app.app_context():
            here.jobs.start()
        visit.reads("Running")
        may_go_on.set()
        visit.reads("25% · a <b> & c · in ")  # so many seconds
        assert bar.get_attribute("value") == "25"
        may_end.set()
        visit.reads("Done")
        assert bar.get_attribute("value") == "100"
        assert visit.page.get_by_role("status").inner_text() == "Done"
        assert visit.page.locator("simmer-progress").inner_text().strip() == "Done"
        assert visit.page.evaluate("last") == "succeeded"
        asked = len(visit.polls)
        visit.poll(seconds=120)
        assert len(visit.polls) == asked
        assert visit.complaints == []


def test_it_says_why_a_job_failed(here: ApiClient, visit: Visit) -> None:
    """The message of the error is shown as text, whatever it holds."""

    @here.jobs.task
    def stumble() -> None:
        raise ValueError("<img src=x onerror=alert(1)>")

    visit.open(submit(here, "stumble"))
    here.drain()
    visit.poll()
    visit.reads("Failed: <img src=x onerror=alert(1)>")
    assert visit.complaints == []


@pytest.mark.parametrize("headers", [None, {}, {"Retry-After": "1"}])
def test_it_survives_a_lost_connection(here: ApiClient, visit: Visit, headers: dict[str, str] | None) -> None:
    """It says so, as where the server is out of order, tries again ever later, and goes on."""

    def answer(route: Route) -> None:
        route.abort() if headers is None else route.fulfill(status=503, headers=headers)

    visit.open(submit(here, "add"))
    visit.reads("Waiting")
    visit.page.route(f"**{API}/jobs/**", answer)
    visit.poll()
    visit.reads("Connection lost, trying again")
    visit.poll(seconds=60)
    visit.page.unroute(f"**{API}/jobs/**")
    visit.poll(seconds=60)
    visit.reads("Waiting")
    here.drain()
    visit.poll()
    visit.reads("Done")


def test_it_asks_to_reload_once_its_link_has_expired(here: ApiClient, visit: Visit) -> None:
    """What does not let it in any more is not asked again."""
    visit.open(submit(here, "add"))
    visit.reads("Waiting")
    with here.app.app_context():
        here.jobs.testing.advance(601)
    visit.poll()
    visit.reads("Reload the page")
    asked = len(visit.polls)
    visit.poll(seconds=120)
    assert len(visit.polls) == asked


def test_it_does_not_poll_in_a_hidden_tab(here: ApiClient, visit: Visit) -> None:
    """Once the tab is seen again it asks at once."""
    visit.page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !globalThis.isSeen })")
    visit.open(submit(here, "add"))
    here.drain()
    visit.poll(seconds=120)
    assert visit.polls == []
    visit.page.evaluate("isSeen = true; document.dispatchEvent(new Event('visibilitychange'))")
    visit.reads("Done")


def test_it_stops_when_it_is_taken_away(here: ApiClient, visit: Visit) -> None:
    """A bar that left the page polls no more, and goes on where it is put back, also while it asks."""
    visit.open(submit(here, "add"))
    visit.reads("Waiting")
    visit.page.evaluate("bar = document.querySelector('simmer-progress'); bar.remove()")
    asked = len(visit.polls)
    visit.poll(seconds=120)
    assert len(visit.polls) == asked
    here.drain()
    visit.page.evaluate("document.body.append(bar); document.body.prepend(bar)")
    visit.reads("Done")


def test_without_scripts_it_is_text(here: ApiClient, browser: Browser) -> None:
    """The page as it came says how the job stands."""
    id = submit(here, "add")
    with serving(here.app) as address, open_page(browser, java_script_enabled=False) as (page, _):
        page.goto(f"{address}/export/{id}")
        assert page.locator("body").inner_text().split() == ["Export:", "Waiting"]
