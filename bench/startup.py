"""From the start of a Python process over importing the service and making the app to its first answer.

The clock starts before the process does, so the interpreter is within it. The database exists already, as it
does after every start but the first.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .child import ROOT, environment
from .host import folder
from .table import Measured, Row, middle, show

CODE: Final = """
import time
from app import create_app
app = create_app()
answer = app.test_client().get("/healthz", base_url="http://localhost")
print(answer.status_code, time.monotonic())
"""
FLASK: Final = """
import time
from flask import Flask
app = Flask("bare")
app.add_url_rule("/", view_func=lambda: "")
print(app.test_client().get("/").status_code, time.monotonic())
"""
ROWS = (Row("startup.first_answer", "import and create_app to first answer", "s", at_most=0.6),)


def measure(quick: bool) -> Iterator[Measured]:
    """Several times in turn with a bare interpreter that imports Flask."""
    with folder() as place:
        start(CODE, place)
        times = [(start(CODE, place), start(FLASK, place)) for _ in range(2 if quick else 7)]
    mine, flask = (middle(side) for side in zip(*times, strict=True))
    yield Measured(
        "startup.first_answer", mine, f"a bare Flask app takes {show(flask)} s to its first answer"
    )


def start(code: str, place: Path) -> float:
    """Seconds from before the process starts to the answer that its code prints the moment of."""
    env = environment(DATABASE_URL=f"sqlite:///{place / 'service.db'}")
    started = time.monotonic()
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60)
    status, at = done.stdout.split()
    if status != "200":
        raise RuntimeError(f"the first answer has status {status}")
    return float(at) - started
