"""An operator at work in a real browser: with the mouse, by keyboard alone, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..api.api_client import ApiClient
from ..browser import open_page, serving
from .browsing import UI, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOKEN = "token-of-operator"


@contextmanager
def signed_in(
    folder: Path, browser: Browser, script: bool = True
) -> Iterator[tuple[ApiClient, Page, list[str]]]:
    """An operator who has signed in, on the list of jobs."""
    with dashboard(folder, api_tokens={TOKEN: ["operate"]}) as here, serving(here.app) as address:
        here.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        with open_page(browser, java_script_enabled=script) as (page, complaints):
            page.goto(f"{address}{UI}/jobs")
            page.fill("input[name=token]", TOKEN)
            page.press("input[name=token]", "Enter")
            page.wait_for_url(f"**{UI}/jobs")
            yield here, page, complaints


@pytest.mark.parametrize("script", [True, False], ids=["script", "without"])
def test_a_job_is_run_from_its_form_fails_is_read_found_and_retried(
    tmp_path: Path, browser: Browser, script: bool
) -> None:
    """Sign in, submit from the form, read the traceback, filter, retry all that match, delete; the same
    without JavaScript."""
    with signed_in(tmp_path, browser, script) as (here, page, complaints):
        page.click("nav >> text=Tasks")
        page.click("main a:text-is('fail')")
        page.click("button:text-is('Run')")
        page.wait_for_selector("text=Submitted.")
        here.drain()
        page.reload()
        assert 'raise ValueError("no luck")' in page.inner_text(".traceback")
        page.click("nav >> text=Jobs")
        page.fill("#find", "task:fail")
        page.press("#find", "Enter")
        page.wait_for_url("**task=fail")
        assert page.locator("tbody tr").count() == 1
        page.check("[data-all-matching]")
        page.click("button:text-is('Retry')")
        page.click("button:text-is('Retry 1 job')")
        page.wait_for_selector("text=Applied to the jobs")
        assert here.get("/jobs").get_json()["items"][0]["state"] == "queued"
        here.drain()
        page.reload()
        page.click("tbody a")
        page.click("text=Delete…")
        page.click("button:text-is('Delete')")
        page.wait_for_selector("text=Deleted.")
        assert here.count() == 0
        assert complaints == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "without"])
def test_schedules_and_queues_are_paused_run_and_edited(
    tmp_path: Path, browser: Browser, script: bool
) -> None:
    """Pause a schedule and a queue, run now, change the rule with a preview; the same without JavaScript."""
    with signed_in(tmp_path, browser, script) as (here, page, complaints):
        page.click("nav >> text=Schedules")
        page.click("button:text-is('Pause')")
        page.wait_for_selector("text=Paused:")
        page.click("button:text-is('Run now')")
        page.wait_for_selector("text=Submitted.")
        page.click("nav >> text=Schedules")
        page.click("main >> text=hourly")
        page.click("a:text-is('Edit')")
        page.check("input[value=cron]")
        page.fill("input[name=expression]", "0 9 * * 1-5")
        if not script:
            page.click("button:text-is('Preview')")
        page.wait_for_selector("text=At 09:00, Monday to Friday")
        page.click("button:text-is('Save')")
        page.wait_for_selector("text=Stored.")
        assert here.get("/schedules/hourly").get_json()["trigger"]["expression"] == "0 9 * * 1-5"
        page.click("nav >> text=Queues")
        page.click("#queue-1 button:text-is('Pause')")
        page.wait_for_selector("#queue-1 .state")
        assert here.get("/queues").get_json()["items"][0]["paused"] is True
        assert complaints == []


def test_the_keyboard_alone_is_enough(tmp_path: Path, browser: Browser) -> None:
    """From page to page, through rows, to the filter, to an action and its answer, and the sheet of keys."""
    with signed_in(tmp_path, browser) as (here, page, complaints):
        for _ in range(3):
            here.submit("fail")
        here.drain()
        page.keyboard.press("g")
        page.keyboard.press("o")
        page.wait_for_url(f"**{UI}/")
        page.keyboard.press("g")
        page.keyboard.press("j")
        page.wait_for_url(f"**{UI}/jobs")
        page.keyboard.press("?")
        page.wait_for_selector("dialog[open]")
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "find"
        page.keyboard.type("task:fail")
        page.keyboard.press("Enter")
        page.wait_for_url("**task=fail")
        for key in ("j", "j", "x"):
            page.keyboard.press(key)
        assert page.inner_text("[data-selected]") == "1 selected"
        page.keyboard.press("R")
        page.wait_for_selector("text=Retry 1 job?")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Applied to the jobs")
        states = [job["state"] for job in here.get("/jobs").get_json()["items"]]
        assert states == ["failed", "queued", "failed"]
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(".timeline")
        assert complaints == []
