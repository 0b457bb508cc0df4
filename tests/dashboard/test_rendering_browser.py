"""The pages in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..browser import open_page, serving
from .browsing import UI, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("width", [360, 1440])
def test_a_page_obeys_its_own_policy_and_fits(tmp_path: Path, browser: Browser, width: int) -> None:
    """Nothing is refused by the Content-Security-Policy, no script fails, and no page scrolls sideways."""
    with dashboard(tmp_path) as here, serving(here.app) as address:
        job = here.submit("report", args={"month": "2026-11"})
        with open_page(browser, viewport={"width": width, "height": 900}) as (page, complaints):
            for path in ("/jobs", f"/jobs/{job['id']}"):
                page.goto(f"{address}{UI}{path}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert complaints == []
