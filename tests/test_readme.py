"""The README is true: its code runs, its commands answer as it shows, and nothing is left out of it."""

from __future__ import annotations

import json
import re
import shlex
import sys
import types
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.jobs.api import ROUTES
from app.jobs.cli import jobs_cli
from app.jobs.config import Settings
from app.jobs.options import OF_TASK
from app.jobs.schedules.policy import Policy

from .support import running_service

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def snippets(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The names that the README's Python blocks define, run in order as one module."""
    module = types.ModuleType("readme")
    sys.modules["readme"] = module
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
    code = code.replace("Flask(__name__)", f"Flask(__name__, instance_path={str(tmp_path)!r})")
    exec(compile(code, "README.md", "exec"), module.__dict__)
    yield module.__dict__
    del sys.modules["readme"]


def test_the_python_blocks_run(snippets: dict[str, Any]) -> None:
    """The README's own test passes on the README's own app."""
    snippets["test_refresh_runs_every_five_minutes"]()


def test_the_app_of_the_first_screen_runs_a_job(snippets: dict[str, Any]) -> None:
    """What `create_app` makes runs the tasks beside it, with the options that the text names."""
    app = snippets["create_app"]({"JOBS_ENGINE": "inline", "SQLALCHEMY_DATABASE_URI": "sqlite://"})
    jobs = snippets["jobs"]
    with app.app_context():
        snippets["db"].create_all()
        assert jobs.get(snippets["add"].submit(a=1, b=2).id).result == 3
        build = snippets["build"].options(delay=60, priority=-5).submit(month="2026-11")
        assert build.result == {"month": "2026-11", "copies": 1}
        assert jobs.submit("reports.build", args={"month": "1999-12"}).state == "cancelled"
        many = snippets["build"].submit_many([{"month": "2026-10"}, {"month": "2026-11"}])
        assert [job.state for job in many] == ["succeeded", "succeeded"]


def test_the_curl_session_answers_as_shown() -> None:
    """The three requests of the first screen, sent to the service as `make run` serves it."""
    commands = re.findall(r"^\$ (curl .*)$", README, flags=re.MULTILINE)
    shown = re.search(r"/api/v1/jobs/([0-9a-f-]{36})", README)
    assert shown is not None
    with running_service() as address:
        job = _send(commands[0], address, shown[1], shown[1])
        assert job["state"] == "queued"
        assert _send(commands[1], address, shown[1], job["id"])["state"] in ("queued", "running")
        done = _send(commands[2], address, shown[1], job["id"])
    assert (done["state"], done["result"]) == ("succeeded", {"counted_to": 50})


def _send(command: str, address: str, shown_id: str, job_id: str) -> Any:
    """What curl would do with these words, for the job that was made now."""
    words = shlex.split(command.replace("http://127.0.0.1:5000/", address).replace(shown_id, job_id))
    url = next(word for word in words if word.startswith("http"))
    header = words[words.index("-H") + 1].split(": ") if "-H" in words else None
    data = words[words.index("-d") + 1].encode() if "-d" in words else None
    request = urllib.request.Request(url, data, dict([header]) if header else {})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


@pytest.mark.parametrize("key", [f"JOBS_{field.name.upper()}" for field in fields(Settings)])
def test_every_setting_is_documented(key: str) -> None:
    """A setting without a word in the README does not exist for anybody."""
    assert f"`{key}`" in README


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_documented(route: Any) -> None:
    """Each route stands in the table."""
    path = re.sub(r"<(\w+)>", r"{\1}", route.path)
    assert f"`{route.method} {path}" in README


@pytest.mark.parametrize("command", sorted(jobs_cli.commands))
def test_every_command_is_documented(command: str) -> None:
    """Each command stands in the list."""
    section = README.partition("\n## Commands")[2].partition("\n## ")[0]
    assert re.search(rf"`{command}\b", section)


@pytest.mark.parametrize("option", OF_TASK)
def test_every_task_option_is_documented(option: str) -> None:
    """Each option of `@jobs.task` stands in the table."""
    assert f"`{option}`" in README.partition("\n## Tasks")[2].partition("\n## ")[0]


@pytest.mark.parametrize("policy", Policy.words())
def test_every_policy_is_documented(policy: str) -> None:
    """Each policy of a schedule stands in the table, with its default."""
    section = README.partition("\n## Schedules")[2].partition("\n## ")[0]
    default = json.dumps(getattr(Policy(), policy)).replace("null", "`None`").replace("0.0", "0")
    assert re.search(rf"\| `{policy}` \| `?{default}`? \|", section)


def test_every_dependency_has_its_reason() -> None:
    """Each package that requirements.txt names for itself stands in the table."""
    own = (ROOT / "requirements.txt").read_text().partition("# What those")[0]
    table = README.partition("\n## Dependencies")[2].partition("\n## ")[0]
    for name in re.findall(r"^([A-Za-z-]+)", own, flags=re.MULTILINE):
        assert name in table
