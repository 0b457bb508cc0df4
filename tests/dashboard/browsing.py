"""What the tests of the pages share: an app with the dashboard, and what a page says."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from ..api.api_client import ApiClient, api_client

UI = "/jobs"


@contextmanager
def dashboard(folder: Path, **config: Any) -> Iterator[ApiClient]:
    """An app with a few tasks and the dashboard; jobs run when `drain` is called."""
    with api_client(folder, ui_prefix=UI, **config) as here:
        yield here


def page(here: ApiClient, path: str, status: int = 200, **options: Any) -> str:
    """The page below the dashboard's prefix."""
    response = here.client.get(UI + path, **options)
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_data(as_text=True)


def post(
    here: ApiClient, path: str, form: Mapping[str, Any] | None = None, *, follow: bool = True, **fields: Any
) -> TestResponse:
    """What answers to a form, after its redirect."""
    return here.client.post(UI + path, data={**(form or {}), **fields}, follow_redirects=follow)


def words(markup: str) -> str:
    """What a reader sees of a page: its text, white space as one space."""
    main = markup.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))
