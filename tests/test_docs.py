"""The README and docs/ are complete: nothing of the package is left out, and no link leads nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import click
import pytest

import app.jobs
from app.jobs import Job, SimmerError
from app.jobs.api import ROUTES
from app.jobs.api.problems import PROBLEM_TYPES
from app.jobs.cli.batches import batches
from app.jobs.cli.queues import queues
from app.jobs.cli.schedules import schedules
from app.jobs.cli.tasks import tasks
from app.jobs.client import SimmerClient
from app.jobs.config import Settings
from app.jobs.execution.current_job import CurrentJob
from app.jobs.options import OF_SUBMISSION, OF_TASK, OUTSIDE
from app.jobs.schedules.policy import Policy
from app.jobs.schedules.triggers.parse import TYPES
from app.jobs.serialization.redaction import WORDS
from app.jobs.store.bulk import ACTIONS
from app.jobs.values import Batch, Explanation, File, Finding, Queue, ReachedLimit, Schedule, Step, Worker

from .cli.commands import COMMANDS
from .documents import CONTRIBUTING, DOCS, PAGES, README, ROOT, Page, doc
from .test_imports import PACKAGE

PATH = re.compile(r"`((?:\w+/)+(?:\w+\.\w+)?|(?:\w+/)*\w+\.(?:py|txt|toml|json))`")
TO_COME: set[str] = set()
"""Files of the package that are being written; take out what is there."""


def test_the_readme_is_short() -> None:
    """A stranger reads it in one go, and can run something within the first screen."""
    lines = README.text.splitlines()
    assert len(lines) <= 120
    first = "\n".join(lines[:30])
    assert "$ make run" in first
    assert first.count("$ curl") == 3


def test_contributing_is_one_page() -> None:
    """Who wants to change something reads a hundred lines at most."""
    assert len(CONTRIBUTING.text.splitlines()) <= 100


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_page_is_linked_from_the_readme(page: Page) -> None:
    """No page has to be found by chance."""
    assert ROOT / page.name in {file for file, _ in README.links}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Page) -> None:
    """The file is there, and the heading in it."""
    for file, anchor in page.links:
        assert file.exists(), f"{page.name} links to {file}"
        if anchor:
            assert anchor in Page(str(file.relative_to(ROOT))).anchors, (
                f"{page.name} links to {file}#{anchor}"
            )


# --- what has to be documented ------------------------------------------------------------------------


@pytest.mark.parametrize("key", [f"JOBS_{field.name.upper()}" for field in fields(Settings)])
def test_every_setting_is_documented(key: str) -> None:
    """A setting without a word on its page does not exist for anybody."""
    assert f"`{key}`" in doc("configuration").section("Settings")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_documented(route: Any) -> None:
    """Each route stands in a table."""
    path = re.sub(r"<(\w+)>", r"{\1}", route.path)
    assert re.search(rf"^\|[^|]*`{route.method} {re.escape(path)}`", doc("http").text, re.MULTILINE)


@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_every_problem_is_documented(slug: str) -> None:
    """Each type of a problem document stands in the table, with its status."""
    assert f"| `{slug}` | {PROBLEM_TYPES[slug][0]} |" in doc("http").section("Errors")


@pytest.mark.parametrize("key", [*sorted({field.name for field in fields(Job)} - OF_TASK.keys()), "links"])
def test_every_key_of_a_job_is_documented(key: str) -> None:
    """Each key that the API shows stands in the table."""
    assert re.search(rf"^\|[^|]*`{key}`", doc("http").section("A job"), re.MULTILINE)


@pytest.mark.parametrize(
    ("value", "page"),
    [
        (Batch, "http"), (Explanation, "http"), (File, "files"), (Finding, "commands"), (Queue, "http"),
        (ReachedLimit, "http"), (Schedule, "http"), (Step, "steps"), (Worker, "http"),
    ],
)  # fmt: skip
def test_every_key_of_the_other_values_is_documented(value: Any, page: str) -> None:
    """Each key of a batch, a file, a queue, a schedule, a step or a worker stands in its table."""
    name = " ".join(re.findall("[A-Z][a-z]+", value.__name__)).lower()
    table = re.split(rf"\| key of an? {name} \|", doc(page).text)[1].partition("\n\n")[0]
    assert not [field.name for field in fields(value) if f"`{field.name}`" not in table]


GROUPS = (batches, queues, schedules, tasks)


def _commands(commands: Mapping[str, click.Command]) -> Iterator[tuple[str, str]]:
    """Each command with its options, as (command, option); those of a job stand in a table of their own."""
    for name, command in sorted(commands.items()):
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not (name == "submit" and parameter.name in OUTSIDE):
                yield name, parameter.opts[0]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    """Each command stands in the table."""
    assert re.search(rf"^\| `{command}\b", doc("commands").section("All commands"), re.MULTILINE)


@pytest.mark.parametrize(
    ("group", "name"), [(str(group.name), name) for group in GROUPS for name in sorted(group.commands)]
)
def test_every_command_of_a_group_is_documented(group: str, name: str) -> None:
    """Each command of the group stands in the table."""
    assert COMMANDS[group] in GROUPS
    assert re.search(rf"^\| `{group} {name}\b", doc("commands").section("All commands"), re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "option"),
    [*_commands(COMMANDS), *(found for group in GROUPS for found in _commands(group.commands))],
)
def test_every_option_of_a_command_is_documented(command: str, option: str) -> None:
    """Each stands in the row of its command, or in the section of those on many jobs; --json above all."""
    text = doc("commands").section("All commands")
    if option == "--json":
        text = text.partition("\n|")[0]
    else:
        text = "".join(
            re.findall(rf"^\| `(?:(?:batches|schedules|queues|tasks) )?{command}\b.*$", text, re.MULTILINE)
        )
        if command in ACTIONS:
            text = doc("commands").section("Many jobs")
    assert option in text


@pytest.mark.parametrize("name", sorted({*OF_TASK, *OF_SUBMISSION}))
def test_every_option_is_documented(name: str) -> None:
    """Each option stands in the table as the package knows it, and no other does."""
    option = {**OF_TASK, **OF_SUBMISSION}[name]
    section = doc("tasks").section("Options")
    flag = f" (`--{option.flag}`)" if option.flag else ""
    at = ", ".join(
        place for place, known in (("task", OF_TASK), ("submission", OF_SUBMISSION)) if name in known
    )
    shown = "yes" if name in {field.name for field in fields(Job)} else "no"
    default = "`(Exception,)`" if name == "retry_on" else f"`{json.dumps(option.default)}`"
    default = {"`null`": "none", "`[]`": "none"}.get(default, default)
    assert f"| `{name}`{flag} | {at} | {default} | {shown} | {option.help} |\n" in section
    assert section.count("\n| `") == len({**OF_TASK, **OF_SUBMISSION})


@pytest.mark.parametrize("name", [name for name in vars(CurrentJob) if not name.startswith("_")])
def test_everything_of_current_job_is_documented(name: str) -> None:
    """What a task can ask and say stands in the table."""
    assert re.search(rf"^\|[^|]*`\.{name}\b", doc("tasks").section("In a task"), re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in app.jobs.__all__ if name != "Simmer"])
def test_every_public_name_is_documented(name: str) -> None:
    """What can be imported is named on a page; an error in the table of errors."""
    value = getattr(app.jobs, name)
    if isinstance(value, type) and issubclass(value, BaseException):
        assert issubclass(value, SimmerError) or name in ("JobCancelled", "JobTimeout")
        assert f"`{name}`" in doc("tasks").section("Errors")
    assert any(re.search(rf"`[^`\n]*\b{name}\b", page.text) for page in DOCS)


@pytest.mark.parametrize("name", [name for name in vars(SimmerClient) if not name.startswith("_")])
def test_every_method_of_the_client_is_documented(name: str) -> None:
    """What a program elsewhere can ask for stands in the table."""
    assert re.search(rf"^\|[^|]*`{name}\(", doc("client").text, re.MULTILINE)


@pytest.mark.parametrize("kind", TYPES)
def test_every_trigger_is_documented(kind: str) -> None:
    """Each trigger stands in the table with all of its words."""
    row = re.search(rf"^\| `{kind}` \|.*$", doc("schedules").section("Triggers"), re.MULTILINE)
    assert row is not None
    assert not [field.name for field in fields(TYPES[kind]) if field.init and f"`{field.name}`" not in row[0]]


@pytest.mark.parametrize("policy", Policy.field_names())
def test_every_policy_is_documented(policy: str) -> None:
    """Each policy of a schedule stands in the table, with its default."""
    section = doc("schedules").section("Policies")
    default = json.dumps(getattr(Policy(), policy)).replace("null", "`None`").replace("0.0", "0")
    assert re.search(rf"\| `{policy}` \| `?{default}`? \|", section)


@pytest.mark.parametrize("word", WORDS)
def test_every_secret_word_is_documented(word: str) -> None:
    """Whoever names a field sees whether its value is shown."""
    assert f"`{word}`" in doc("access").section("Secrets")


def test_every_dependency_has_its_reason() -> None:
    """Each package that requirements.txt names for itself stands in the table."""
    own = (ROOT / "requirements.txt").read_text().partition("# What those")[0]
    table = README.section("Dependencies")
    for name in re.findall(r"^([A-Za-z-]+)", own, flags=re.MULTILINE):
        assert name in table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Page) -> None:
    """A path in the text is one of the project or of the package."""
    roots = (ROOT, PACKAGE, PACKAGE / "schedules" / "triggers")
    named = set(PATH.findall(page.text)) - TO_COME
    assert named or page is not CONTRIBUTING
    assert [name for name in sorted(named) if not any((root / name).exists() for root in roots)] == []
