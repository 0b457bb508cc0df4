"""What the distribution holds."""

from __future__ import annotations

import ast
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .installed import ROOT, Installed

PACKAGE = ROOT / "app" / "jobs"


def test_every_folder_of_the_package_is_named() -> None:
    """`packages` in pyproject.toml is the tree of app/jobs: a folder that is not named would be left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    names = {".".join(("flask_simmer", *folder.parts)) for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == names


def test_the_wheel_holds_the_package_and_nothing_else(installed: Installed) -> None:
    """All files of app/jobs under its other name, the marker of its types, and no package named app."""
    kinds = (".py", ".html", ".css", ".js", ".svg", ".typed")
    files = [path for path in PACKAGE.rglob("*") if path.suffix in kinds]
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
    metadata = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    assert names - metadata == {f"flask_simmer/{path.relative_to(PACKAGE)}" for path in files}
    assert {"flask_simmer/py.typed", "flask_simmer/dashboard/static/dashboard.css"} <= names


def test_what_the_lowest_versions_are() -> None:
    """requirements-lowest.txt, on which `make test-lowest` runs, pins each floor of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    ranges = [*project["dependencies"], *extras["postgres"], *extras["files"]]
    lines = (ROOT / "requirements-lowest.txt").read_text().splitlines()
    assert _versions(lines, "==") == _versions(ranges, ">=")


def test_every_import_is_a_dependency() -> None:
    """What app/jobs imports is declared, some as an extra, not only brought along by another dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["files"]]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    found = {name.partition(".")[0] for path in PACKAGE.rglob("*.py") for name in _imports(path.read_text())}
    homes = packages_distributions()
    needed = {
        canonicalize_name(home) for name in found - sys.stdlib_module_names for home in homes.get(name, [])
    }
    # pytest is there where a test names the plugin, which nothing else imports.
    assert needed - {"flask-simmer", "pytest"} <= declared


def _versions(lines: Iterable[str], operator: str) -> dict[str, Version]:
    wanted = [Requirement(line) for line in lines if not line.startswith("#")]
    return {
        requirement.name: Version(bound.version)
        for requirement in wanted
        for bound in requirement.specifier
        if bound.operator == operator
    }


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module is not None:
            yield node.module
