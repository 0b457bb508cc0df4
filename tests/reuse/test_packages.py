"""What the distribution holds."""

from __future__ import annotations

import tomllib
import zipfile

from .installed import ROOT, Installed

PACKAGE = ROOT / "app" / "jobs"


def test_every_folder_of_the_package_is_named() -> None:
    """`packages` in pyproject.toml is the tree of app/jobs: a folder that is not named would be left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    names = {".".join(("flask_simmer", *folder.parts)) for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == names


def test_the_wheel_holds_the_package_and_nothing_else(installed: Installed) -> None:
    """Every module of app/jobs under its other name, the marker of its types, and no package named app."""
    files = [path for path in PACKAGE.rglob("*") if path.suffix == ".py" or path.name == "py.typed"]
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
    metadata = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    assert names - metadata == {f"flask_simmer/{path.relative_to(PACKAGE)}" for path in files}
    assert "flask_simmer/py.typed" in names
