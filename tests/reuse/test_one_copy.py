"""The package under two names in one process."""

from __future__ import annotations

from pathlib import Path

from .installed import ROOT, Installed

BOTH = """
from flask import Flask
import flask_simmer
assert flask_simmer.Simmer(Flask("first", instance_path={folder!r})) is not None
import app.jobs
for package in (app.jobs, flask_simmer):
    try:
        package.Simmer(Flask("second", instance_path={folder!r}))
    except RuntimeError as error:
        print(error)
    else:
        print("not refused:", package.__name__)
"""


def test_two_copies_in_one_process_are_refused(installed: Installed, tmp_path: Path) -> None:
    """`init_app` of either names both, and where each was found; one copy alone is at ease."""
    script = BOTH.format(folder=str(tmp_path))
    done = installed.run("-c", script, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "imported twice" in line
        assert "'app.jobs'" in line
        assert "'flask_simmer'" in line
        assert str(ROOT / "app" / "jobs") in line
