"""Adding an option is one entry of the table, and an attribute where it is to be shown."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ..test_imports import PACKAGE

ENTRY = """    note: Annotated[
        str | None, Option(help="A line for people about it", rule=text(200), stored=True)
    ]


class RequestOptions(JobOptions"""
SCRIPT = """
import json
from flask import Flask
from noted import InvalidArguments, Simmer
from noted.cli import jobs_cli

app, jobs = Flask("host", instance_path=INSTANCE), Simmer()
app.config["JOBS_ENGINE"] = "manual"

@jobs.task(note="of the task")
def add(a: int) -> int: return a

jobs.init_app(app)
with app.app_context():
    given = add.submit(1), add.options(note="mine").submit(1), jobs.submit("add", {"a": 1}, note="by name")
    assert [job.note for job in given] == ["of the task", "mine", "by name"]
    assert [jobs.get(job.id).note for job in given] == ["of the task", "mine", "by name"]
    try:
        add.options(note="").submit(1)
    except InvalidArguments as error:
        assert str(error) == "#/note: must be a text of 1 to 200 printable characters"
    else:
        raise AssertionError("it is not checked")
body = {"task": "add", "args": {"a": 1}}
post = lambda **options: app.test_client().post("/api/v1/jobs", json={**body, **options})
assert post(note="over HTTP").json["note"] == "over HTTP"
assert post(note=5).json["errors"][0]["pointer"] == "#/note"
typed = app.test_cli_runner().invoke(jobs_cli, ["submit", "add", "a=1", "--note", "typed", "--json"])
assert json.loads(typed.stdout)["note"] == "typed"
with app.app_context():
    assert {job.note for job in jobs.list()} == {"of the task", "mine", "by name", "over HTTP", "typed"}
"""


def test_an_entry_of_the_table_is_an_option_everywhere(tmp_path: Path) -> None:
    """In a copy of the package: checked, stored and shown, at the task, in Python, over HTTP, at a prompt."""
    copy = shutil.copytree(PACKAGE, tmp_path / "noted", ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in (
        ("options/definitions.py", "\n\nclass RequestOptions(JobOptions", ENTRY),
        ("job.py", "    tags: tuple[str, ...]\n", "    tags: tuple[str, ...]\n    note: str | None\n"),
    ):
        text = (copy / name).read_text()
        assert text.count(old) == 1
        (copy / name).write_text(text.replace(old, new))
    script = SCRIPT.replace("INSTANCE", repr(str(tmp_path)))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
