"""`make screenshots`: the pictures of the dashboard in the README and in docs/dashboard.md, taken anew.

It needs Debian's chromium and what requirements-dev.txt pins.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize, sync_playwright
from waitress.server import create_server

from app.demo_traffic import at_work, create_demo

HERE: Final = Path(__file__).parent
SECONDS: Final = 75.0
"""Of traffic before the first picture: the chart has two bars then."""
SIZE: Final[ViewportSize] = {"width": 1280, "height": 800}


def main() -> int:
    """Serve the demonstration, let it work, and take the pictures; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_demo(Path(folder))
        server = create_server(app, host="127.0.0.1", port=0, threads=16)
        threading.Thread(target=server.run, daemon=True).start()
        with at_work(app, 2 * SECONDS):
            threading.Event().wait(SECONDS)
            take_all(f"http://127.0.0.1:{server.effective_port}/jobs")
    return 0


def take_all(address: str) -> None:
    """Each page in both themes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_context(viewport=SIZE, color_scheme=scheme).new_page()
            take(page, f"{address}/", f"overview-{scheme}")
            take(page, f"{address}/jobs", f"jobs-{scheme}")
            page.goto(f"{address}/jobs?task=rates.fetch&state=failed")
            page.click("tbody a")
            take(page, page.url, f"job-{scheme}")
        browser.close()


def take(page: Page, url: str, name: str) -> None:
    """A picture of a page, as docs/dashboard-NAME.png."""
    page.goto(url, wait_until="networkidle")
    page.screenshot(path=HERE / f"dashboard-{name}.png")


if __name__ == "__main__":
    sys.exit(main())
