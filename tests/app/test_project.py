"""The files of the project agree with each other and with what is installed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from .support import ROOT

PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s#]+)")


def pins(name: str) -> dict[str, str]:
    """Package → version, of every line that is neither a comment nor a reference."""
    lines = [line.strip() for line in (ROOT / name).read_text().splitlines()]
    found = [PIN.fullmatch(line) for line in lines if line and not line.startswith(("#", "-r"))]
    assert None not in found, f"a line of {name} is not pinned"
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_pinned_is_what_the_suite_runs_on(name: str) -> None:
    """Everything is pinned, and installed in that version."""
    assert {package: version(package) for package in pins(name)} == pins(name)


def test_the_five_come_first() -> None:
    """A reader sees at once what the project stands on."""
    five = ["Flask", "Flask-Executor", "Flask-SQLAlchemy", "marshmallow", "pytest"]
    assert list(pins("requirements.txt"))[:5] == five


def test_every_folder_of_the_package_is_in_the_wheel() -> None:
    """A folder that is not listed would be missing where the package is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    package = ROOT / "app" / "jobs"
    folders = {path.parent.relative_to(package) for path in package.rglob("*.py")}
    names = {".".join(["flask_simmer", *folder.parts]) for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == names


def test_the_service_uses_the_public_api_only() -> None:
    """No module of the service imports from inside the package."""
    inside = re.compile(r"^\s*(?:from|import)\s+(?:app)?\.jobs\.", re.MULTILINE)
    service = [*(ROOT / "app").glob("*.py"), ROOT / "run.py"]
    assert [path.name for path in service if inside.search(Path(path).read_text())] == []


def test_the_hooks_run_what_check_runs() -> None:
    """At a commit the same commands run as in CI, all but the tests, and nothing is downloaded."""
    config = (ROOT / ".pre-commit-config.yaml").read_text()
    recipe = (ROOT / "Makefile").read_text().partition("\ncheck: ")[2].partition("\n\n")[0]
    commands = re.findall(r"^\t@\$\(BIN\)/(.*)$", recipe, re.MULTILINE)
    entries = re.findall(r"^ +entry: \.venv/bin/(.*)$", config, re.MULTILINE)
    assert entries == commands
    assert recipe.endswith("\t@$(PYTEST)")
    assert re.findall(r"^ +(?:- )?repo: (.*)$", config, re.MULTILINE) == ["local"]
    assert re.findall(r"^ +language: (.*)$", config, re.MULTILINE) == ["system"] * len(entries)


def test_format_mends_what_check_complains_of() -> None:
    """`make format` runs the formatter and the linter of `make check`, to change instead of to complain."""
    recipe = (ROOT / "Makefile").read_text().partition("\nformat: ")[2].partition("\n\n")[0]
    commands = re.findall(r"-m (ruff .*)$", recipe, re.MULTILINE)
    assert commands == ["ruff format .", "ruff check --fix ."]
