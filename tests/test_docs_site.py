"""The pages as a site, and what is made from the code: up to date, complete, without a broken link."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import app.jobs
from app.jobs import signals
from app.jobs.states import STATES
from docs.make_reference import PATH, reference

from .documents import ROOT, doc


def test_the_reference_is_what_the_docstrings_say() -> None:
    """docs/reference.md is as `make reference` makes it, and has every name that can be imported."""
    assert PATH.read_text() == reference(), "run: make reference"
    text = PATH.read_text()
    assert [name for name in app.jobs.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_site_builds_without_a_broken_link(tmp_path: Path) -> None:
    """`make docs` in its strict mode: every page is in the navigation, every link and anchor is there."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "tasks" / "index.html").read_text()
    # It loads nothing from elsewhere, as our other pages.
    assert re.findall(r'(?:src|href)="(https?://[^"]*\.(?:js|css|woff2?))"', page) == []


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_documented(state: str) -> None:
    """Each state stands on the page of the life of a job."""
    assert f"`{state}`" in doc("state-machine").text


@pytest.mark.parametrize(
    "signal", sorted(name for name in vars(signals) if name.startswith(("job_", "schedule_")))
)
def test_every_signal_is_documented(signal: str) -> None:
    """Each signal stands on the page of hooks."""
    assert f"`{signal}`" in doc("hooks").text
