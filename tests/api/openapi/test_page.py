"""`GET /docs`: a page that needs nobody else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.jobs.api import ROUTES

from ..api_client import ApiClient, api_client


@pytest.fixture(scope="module")
def page(untouched: ApiClient) -> str:
    """The page as a browser gets it."""
    found = untouched.get("/docs")
    assert (found.status_code, found.content_type) == (200, "text/html; charset=utf-8")
    return found.get_data(as_text=True)


class Page(HTMLParser):
    """Collects what a page loads, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.attributes += attrs
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the one that began last."""
        assert self.open.pop() == tag


def test_every_route_stands_there_with_a_command(page: str) -> None:
    """Verb and path, what it does, and a curl line."""
    for route in ROUTES:
        assert f'<article id="{route.endpoint}">' in page
    assert page.count('<pre class="curl"') > len(ROUTES)


def test_the_page_loads_nothing(page: str, untouched: ApiClient) -> None:
    """No script, nothing from elsewhere; its own style alone is allowed, and is the one that is there."""
    parsed = Page()
    parsed.feed(page)
    assert parsed.open == []
    assert "<script" not in page
    links = [value for name, value in parsed.attributes if name in ("src", "href", "action", "style")]
    assert all(link is not None and (link.startswith("#") or link == "openapi.json") for link in links)
    policy = untouched.get("/docs").headers["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_tasks_stand_there_with_what_they_take(page: str) -> None:
    """Each with its arguments and a command that submits it."""
    article = page.partition("<h3><code>report</code></h3>")[2].partition("</article>")[0]
    assert "<code>month</code></td><td>string</td><td>must be given" in article
    assert '{"task": "report", "args": {"month": "text"}}' in html.unescape(article)


def test_the_commands_do_what_they_say(page: str, untouched: ApiClient) -> None:
    """A curl line is words for a shell; those that submit are taken by the API."""
    lines = [html.unescape(line) for line in re.findall(r'<pre class="curl" tabindex="0">(.*?)</pre>', page)]
    bodies = []
    for line in lines:
        words = shlex.split(line)
        assert words[:2] == ["curl", "-i"]
        if "-d" in words and words[words.index("-d") - 3].endswith("/jobs"):
            bodies.append(json.loads(words[words.index("-d") + 1]))
    tasks = {body["task"] for body in bodies}
    assert tasks == untouched.jobs.registry.tasks.keys()
    for body in bodies:
        assert untouched.post("/jobs", body).status_code == 202


def test_what_a_task_says_of_itself_is_text(tmp_path: Path) -> None:
    """Names and docstrings cannot become elements of the page, nor words of a command."""
    with api_client(tmp_path, api_tokens={"token-of-a-reader": ["read"]}) as here:

        @here.jobs.task("<b>")
        def sly(it_s: str = "'; rm -rf / #") -> None:
            """<script>alert(1)</script> `<b>`"""

        headers = {"Authorization": "Bearer token-of-a-reader"}
        page = here.get("/docs", headers=headers).get_data(as_text=True)
        assert "<script" not in page
        assert "<h3><code>&lt;b&gt;</code></h3>" in page
        assert "<p>&lt;script&gt;alert(1)&lt;/script&gt; <code>&lt;b&gt;</code></p>" in page
        assert "Authorization: Bearer $TOKEN" in html.unescape(page)
        parsed = Page()
        parsed.feed(page)
        assert parsed.open == []
