"""The Makefile on machines that lack something: one line says what to do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .support import ROOT


def make(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env={**variables, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fake_python(tmp_path: Path, fails_at: str) -> str:
    """A python3 that fails where a program contains these words."""
    path = tmp_path / "python3"
    path.write_text(f'#!/bin/sh\ncase "$2" in *{fails_at}*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    return str(path)


def ready(tmp_path: Path) -> list[str]:
    """Words that make an environment of the running Python look set up."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    words = [f"VENV={venv}", f"PYTHON={sys.executable}"]
    stamps = re.findall(rf"{venv}/ready-\S+", make("--dry-run", "test", *words).stdout)
    for stamp in stamps:
        Path(stamp).touch()
    return words


@pytest.mark.parametrize("target", ["run", "test", "format", "check", "demo"])
@pytest.mark.parametrize(
    ("fails_at", "advice"),
    [("version_info", "Python 3.11 or newer is needed"), ("ensurepip", "apt install python3-venv")],
)
def test_a_python_that_does_not_do_is_one_line(
    tmp_path: Path, target: str, fails_at: str, advice: str
) -> None:
    """Too old, or without venv; also where there is none at all."""
    done = make(target, f"PYTHON={fake_python(tmp_path, fails_at)}", f"VENV={tmp_path}/venv")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert said.count("\n") == 1
    assert advice in said
    assert not (tmp_path / "venv").exists()


def test_no_python_is_one_line(tmp_path: Path) -> None:
    """The advice names the version and how to name another program."""
    done = make("run", "PYTHON=/nowhere/python3", f"VENV={tmp_path}/venv")
    assert (done.stdout + done.stderr).count("\n") == 1
    assert "PYTHON=python3.12" in done.stderr


@pytest.mark.parametrize("by_word", [True, False])
def test_a_taken_port_is_one_line(tmp_path: Path, by_word: bool) -> None:
    """Whether PORT stands on the command line or in the environment."""
    words = ready(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = make("run", *words, f"PORT={port}") if by_word else make("run", *words, PORT=port)
    assert done.returncode != 0
    assert (done.stdout + done.stderr).count("\n") == 1
    assert f"Port {port}" in done.stderr


def test_the_second_time_nothing_is_set_up(tmp_path: Path) -> None:
    """With the stamps there, only the suite is started."""
    done = make("--dry-run", "test", *ready(tmp_path))
    assert done.stdout.splitlines() == [f"{tmp_path}/venv/bin/python -m pytest -n 3"]


def test_help_lists_every_target() -> None:
    """A target without a description would be hidden."""
    makefile = (ROOT / "Makefile").read_text()
    listed = set(re.findall(r"^make (\S+)", make("help").stdout, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert listed == set(phony[1].split())
