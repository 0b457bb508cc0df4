"""A real browser for tests of pages: Chromium, driven by Playwright; and servers that it can reach.

A test that asks for the fixture `browser` of tests/conftest.py is skipped by name where there is none.
"""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

MISSING = "there is no browser: install Debian's chromium, and playwright as requirements-dev.txt pins it"


@functools.cache
def find_chromium() -> str | None:
    """The path of the browser; None where it cannot be driven."""
    if find_spec("playwright") is None:
        return None
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    # No sandbox: Chromium has none for root, as whom CI runs.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, **context: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page of a visitor who was never here, and what its console and its scripts complain of.

    `context` is what Playwright takes for one: `viewport`, `color_scheme`, `java_script_enabled`.
    """
    visitor = browser.new_context(**context)
    page, complaints = visitor.new_page(), list[str]()
    page.set_default_timeout(10_000)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    visitor.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address of `app`, served in a thread of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="test-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
