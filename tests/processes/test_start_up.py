"""What a process imports before it does anything: each module costs every process of a host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from ..cli.command_line import command_line
from ..support import ROOT

HEAVY: Final = ("marshmallow", "apispec", "prometheus_client", "cronsim", "alembic", "pytest")
"""A third of the time that the package took to be imported, and needed by no command that reads."""
HOST: Final = ("flask", "--app", "tests.cli.host", "jobs")
MOST_MODULES: Final = 330
"""Of the package, in a command: each takes about a millisecond."""


def _imported(module: str, *words: str, **variables: str) -> list[str]:
    """The modules that are there when `python -m module words…` has ended well."""
    code = f"""
import atexit, runpy, sys
atexit.register(lambda: print(*sys.modules, sep="\\n", file=sys.stderr))
sys.argv = {[module, *words]!r}
runpy.run_module({module!r}, run_name="__main__")
"""
    done = subprocess.run(
        (sys.executable, "-c", code), cwd=ROOT, env={**os.environ, **variables},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stderr.splitlines()


def _of(modules: list[str], *packages: str) -> list[str]:
    return [name for name in modules if any(name == each or name.startswith(f"{each}.") for each in packages)]


def test_to_import_the_package_imports_nothing_that_can_wait() -> None:
    """No schema, no ORM, no view, no command: a task module needs none of them."""
    modules = _imported("app.jobs.extension")
    assert not _of(modules, *HEAVY, "sqlalchemy.orm", "app.jobs.api.schemas", "app.jobs.cli.jobs")
    assert "app.jobs.runtime" in modules


@pytest.fixture
def job_id(tmp_path: Path) -> str:
    """A job in the database that TEST_DATABASE is to name."""
    with command_line(tmp_path) as here:
        return here.submit("add", "a=1")


def test_a_command_imports_what_it_needs(tmp_path: Path, job_id: str) -> None:
    """`show` neither imports the views and their schemas nor the other commands."""
    modules = _imported(*HOST, "show", job_id, TEST_DATABASE=f"{tmp_path}/host.db")
    assert not _of(modules, *HEAVY, "app.jobs.api.jobs", "app.jobs.cli.worker", "app.jobs.cli.schedules")
    assert "app.jobs.cli.jobs" in modules
    assert len(_of(modules, "app.jobs")) <= MOST_MODULES
