"""Every snippet of the README and of docs/ is executed: Python blocks, and what is typed at a prompt."""

from __future__ import annotations

import contextvars
import doctest
import inspect
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from .app.support import served
from .console_sessions import SHOWN_ADDRESS, Session, commands
from .documents import PAGES, README, Page, doc

PYTHON = [page for page in PAGES if page.has("python", "pycon")]
CONSOLE = [page for page in PAGES if page.has("console")]
EXECUTED = {"python", "pycon", "console", "javascript"}
DRAWN = {"text", "mermaid"}
CONFIGURATION = {"ini"}


@contextmanager
def module_of(page: Page, folder: Path) -> Iterator[dict[str, Any]]:
    """The names that the page's Python blocks define, run in order as one module."""
    module = types.ModuleType(re.sub(r"\W", "_", page.name))
    sys.modules[module.__name__] = module
    with ExitStack() as stack:
        stack.callback(_forget, module)
        replaced = {"Flask(__name__)": f"Flask(__name__, instance_path={str(folder)!r})"}
        if any(SHOWN_ADDRESS in block.text for block in page.blocks if block.language == "python"):
            replaced[SHOWN_ADDRESS] = stack.enter_context(served(folder))[1]
        for block in page.blocks:
            text = block.text
            for shown, real in replaced.items():
                text = text.replace(shown, real)
            if block.language == "python":
                code = "\n" * (block.line - 1) + text
                exec(compile(code, page.name, "exec"), module.__dict__)
            elif block.language == "pycon":
                _run_session(page, block.line, text, module.__dict__)
        yield module.__dict__


def _forget(module: types.ModuleType) -> None:
    for value in list(module.__dict__.values()):
        if isinstance(value, Flask):
            end(value)
    del sys.modules[module.__name__]


def _run_session(page: Page, line: int, text: str, names: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, page.name, page.name, line - 1)
    complaints: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=complaints.append, clear_globs=False)
    assert not complaints, "".join(complaints)
    names.update(test.globs)


def end(app: Flask) -> None:
    """End the threads and the connections of an app."""
    with app.app_context():
        runtime = app.extensions["simmer"]
        runtime.stop(timeout=5)
        runtime.database.close()
        if "sqlalchemy" in app.extensions:
            app.extensions["sqlalchemy"].engine.dispose()


def apart(check: Callable[[], None]) -> None:
    """Call `check` where contexts that a page pushes are gone afterwards."""
    contextvars.copy_context().run(check)


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: page.name)
def test_the_python_of_each_page_runs(page: Page, tmp_path: Path) -> None:
    """Its blocks are one module in order, and its sessions answer what they show; its tests pass."""

    def check() -> None:
        with module_of(page, tmp_path) as names:
            for name, value in list(names.items()):
                # Those with fixtures are run by pytest itself, in tests/test_pytest_plugin.py.
                if name.startswith("test_") and not inspect.signature(value).parameters:
                    value()

    apart(check)


@pytest.mark.parametrize("page", CONSOLE, ids=lambda page: page.name)
def test_the_console_of_each_page_answers_as_shown(page: Page, tmp_path: Path) -> None:
    """Each command is run, in order, beside the service as `make run` serves it."""
    session = Session(tmp_path)
    try:
        for command, shown in commands(page):
            session.run(command, shown)
    finally:
        session.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_is_left_out(page: Page) -> None:
    """What is neither executed nor a drawing nor the configuration of another program has no place."""
    known = EXECUTED | DRAWN | CONFIGURATION
    assert {block.language for block in page.blocks} <= known
    assert page.text.count("\n```") == 2 * len(page.blocks)


def test_the_app_of_the_first_screen_serves_a_job(tmp_path: Path) -> None:
    """The seven lines of the README are all that it takes: tables, API, threads."""

    def check() -> None:
        with module_of(README, tmp_path) as names:
            app, jobs = names["app"], names["jobs"]
            answer = app.test_client().post("/api/v1/jobs", json={"task": "add", "args": {"a": 1, "b": 2}})
            assert answer.status_code == 202
            with app.app_context():
                jobs.start()
                assert jobs.wait(answer.get_json()["id"], timeout=10).result == 3
                assert jobs.get(names["add"].submit(a=1).id).args == {"a": 1}

    apart(check)


def test_the_lines_of_the_first_app_are_seven() -> None:
    """What the README calls seven lines is not more."""
    (app,) = [block.text for block in README.blocks if block.language == "python"]
    assert len([line for line in app.splitlines() if line.strip()]) == 7


def test_the_app_of_a_factory_runs_its_jobs(tmp_path: Path) -> None:
    """What `create_app` makes runs the tasks beside it, with the options that the pages name."""

    def check() -> None:
        with module_of(doc("testing"), tmp_path) as names, ExitStack() as stack:
            app = names["create_app"]({"JOBS_ENGINE": "inline", "SQLALCHEMY_DATABASE_URI": "sqlite://"})
            stack.callback(end, app)
            jobs, add, build = names["jobs"], names["add"], names["build"]
            with app.app_context():
                names["db"].create_all()
                assert jobs.get(add.submit(a=1, b=2).id).result == 3
                job = build.options(delay=60, priority=-5).submit(month="2026-11")
                assert job.result == {"month": "2026-11", "copies": 1}
                assert jobs.submit("reports.build", args={"month": "1999-12"}).state == "cancelled"
                many = build.submit_many([{"month": "2026-10"}, {"month": "2026-11"}])
                assert [job.state for job in many] == ["succeeded", "succeeded"]

    apart(check)


def test_the_unit_starts_what_the_console_starts() -> None:
    """The service files of the deployment page start the commands that its console shows."""
    typed = {re.sub(r"^(\w+=\S+ )*", "", command).strip() for command, _ in commands(doc("deployment"))}
    units = [block.text for block in doc("deployment").blocks if block.language == "ini"]
    started = [
        found for unit in units for found in re.findall(r"^ExecStart=/\S+/bin/(.*)$", unit, re.MULTILINE)
    ]
    assert started
    assert set(started) <= typed


ONE, OTHER = "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a", "01a219ca-1ea3-7c87-9aab-000000000000"
MADE = "01a21a00-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("printed", "shown", "is_true"),
    [
        ("Cancelled.", "Cancelled.", True),
        ("Cancelled.", "It runs.", False),
        ("Cancelled. And more", "Cancelled.", False),
        ('{"state":"queued","attempt":0}', '{…"attempt":0}', True),
        ('{"state":"queued","attempt":1}', '{…"attempt":0}', False),
        ('{"current":3,"percent":6.0}', '{"current":20,"percent":40.0}', True),
        ('{"current":3,"percent":null}', '{"current":20,"percent":40.0}', False),
        (f"{MADE} and {MADE}", f"{ONE} and {ONE}", True),
        (f"{MADE} and {OTHER}", f"{ONE} and {ONE}", False),
        ("none", ONE, False),
        ('W/"7"', 'W/"6"', True),
        ('W/"2"', 'W/"1"', False),
        ("2026-11-27T08:00:00Z", "2026-11-26T21:36:46Z", True),
        ("2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z", False),
        ("HTTP/1.1 202 ACCEPTED\nDate: now\nEtag: 1\n\n{}", "HTTP/1.1 202 ACCEPTED\nEtag: 1\n\n{}", True),
        ("HTTP/1.1 202 ACCEPTED\nEtag: 2\n\n{}", "HTTP/1.1 202 ACCEPTED\nEtag: 1\n\n{}", False),
        ("HTTP/1.1 200 OK\nEtag: 1\n\n{}", "HTTP/1.1 202 ACCEPTED\nEtag: 1\n\n{}", False),
        ("HTTP/1.1 202 ACCEPTED\n\n{}", "HTTP/1.1 202 ACCEPTED\nEtag: 1\n\n{}", False),
    ],
    ids=str,
)
def test_what_a_page_shows_is_compared(tmp_path: Path, printed: str, shown: str, is_true: bool) -> None:
    """A page that shows something else than what is printed is found out."""
    assert Session(tmp_path).shows(printed, shown) is is_true


def test_a_command_that_nobody_can_run_fails(tmp_path: Path) -> None:
    """A page cannot show a program, a target or an extra that is not there."""
    session = Session(tmp_path)
    for command in ("frobnicate", "make frobnicate", "pip install Flask-Simmer[frobnicate]"):
        with pytest.raises((AssertionError, ValueError)):
            session.run(command, "")
