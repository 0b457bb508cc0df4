"""The client is light: a program that only asks over HTTP needs nothing else of the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..support import ROOT

HEAVY = ("flask", "werkzeug", "sqlalchemy", "marshmallow", "apispec", "click", "prometheus_client")


def test_the_client_needs_no_flask_and_no_database(tmp_path: Path) -> None:
    """Neither when it is imported, nor by the face of the package, which is imported before it."""
    (tmp_path / "flask_simmer").symlink_to(ROOT / "app" / "jobs")
    code = (
        "import sys; from flask_simmer.client import SimmerClient; from flask_simmer import JobNotFound, Job;"
        f"found = [name for name in {HEAVY!r} if name in sys.modules];"
        "assert not found, found; SimmerClient('http://127.0.0.1:9/api');"
        "import flask_simmer; assert flask_simmer.Simmer.__name__ == 'Simmer'; assert 'flask' in sys.modules;"
        "from flask_simmer import *; assert current_job is flask_simmer.current_job and Snooze(1) and fixed"
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True, timeout=60,
        env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
