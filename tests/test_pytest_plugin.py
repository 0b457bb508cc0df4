"""The fixtures of the pytest plugin, in a project of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .documents import doc
from .support import ROOT

HOST = """
from flask import Flask
from app.jobs import Simmer
import pytest

pytest_plugins = ["app.jobs.pytest_plugin"]
jobs = Simmer()

@jobs.task
def break_down():
    raise ValueError("told to fail")

@pytest.fixture
def settings(simmer_config):
    return simmer_config

@pytest.fixture
def app(settings):
    app = Flask("host")
    app.config.update(settings, JOBS_DATABASE_URL=settings["SQLALCHEMY_DATABASE_URI"])
    jobs.init_app(app)
    return app
"""
TESTS = """
import pytest
from conftest import break_down, jobs

def test_a_failed_job_fails_the_test(simmer_drain):
    break_down.submit()
    simmer_drain()

def test_a_failed_job_that_is_meant_to(simmer_drain):
    break_down.submit()
    assert [job.state for job in simmer_drain(may_fail=True)] == ["failed"]

def test_every_test_begins_with_nothing(simmer_submitted, simmer_clock):
    assert simmer_submitted() == []
    before = simmer_clock.now()
    assert (simmer_clock.advance("1m") - before).total_seconds() == 60

class TestOfAnotherEngine:
    @pytest.fixture
    def settings(self, simmer_config):
        return simmer_config | {"JOBS_ENGINE": "inline"}

    def test_it_is_refused(self, simmer_testing):
        pass
"""


def run_pytest(folder: Path, **files: str) -> str:
    """What pytest prints of a project with these files."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    words = (
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--rootdir",
        ".",
    )
    done = subprocess.run(
        (sys.executable, *words), cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_fixtures_of_a_host(tmp_path: Path) -> None:
    """A job's failure fails its test by its error, tests share nothing, another engine is refused."""
    printed = run_pytest(tmp_path, conftest=HOST, test_host=TESTS)
    assert "2 passed" in printed, printed
    assert re.search(r"the job [0-9a-f-]{36} of 'break_down' failed: ValueError: told to fail", printed)
    assert 'JOBS_ENGINE="manual", and it is "inline"' in printed
    assert re.search(r"1 failed, 2 passed, 1 error", printed), printed


def test_the_example_of_the_docs_passes(tmp_path: Path) -> None:
    """Its page is a module of tests, those with fixtures too."""
    code = "\n".join(block.text for block in doc("testing").blocks if block.language == "python")
    printed = run_pytest(tmp_path, test_page=code)
    assert re.search(r"^3 passed", printed, re.MULTILINE), printed
