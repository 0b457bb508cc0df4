"""The package as others get it: built as a wheel, and installed in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "run.py", "app")
WARNINGS = ("-W", "error", "-W", "ignore:'get_engine' is deprecated:DeprecationWarning")
"""Errors but for the one that Flask-Migrate's own template of a migration environment brings along."""
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it; everything else is taken from the environment of the tests."""

    wheel: Path
    python: Path

    def run(self, *words: Any, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """`python *words` in `cwd`, with nothing of this process's environment that would help or disturb."""
        command = self.command(*words)
        options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60}
        return subprocess.run(command, cwd=cwd, env=environment(**variables), check=False, **options)

    def command(self, *words: Any) -> list[str]:
        """The command of `python *words`, warnings being errors."""
        return [str(self.python), *WARNINGS, *map(str, words)]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what concerns Python and Flask, with `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "PYTHON"))}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | variables


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the sources, with what the environment of the tests has."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    _check(sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index",
           "--wheel-dir", folder, source)  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Installed:
    """Install the wheel in a fresh environment that finds its dependencies where the tests do."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    _check(sys.executable, *PIP, "--python", python, "install", "--no-deps", "--no-index", wheel)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, python)


def _check(*command: Any) -> None:
    done = subprocess.run(
        [*map(str, command)], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
