"""What a host's editor and type checker make of the package's face."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RIGHT, WRONG = HERE / "right.py", HERE / "wrong.py"


@pytest.fixture(scope="module")
def found() -> Mapping[Path, dict[int, str]]:
    """For each of the two files its errors by line, as the project's own settings find them."""
    where = [f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}"]
    output, broken, _ = api.run([*where, "--strict", "--no-error-summary", str(RIGHT), str(WRONG)])
    assert not broken
    errors: dict[Path, dict[int, str]] = {RIGHT: {}, WRONG: {}}
    for name, line, words in re.findall(r"^(.*?):(\d+): error: (.*)$", output, flags=re.MULTILINE):
        errors[(ROOT / name).resolve()][int(line)] = words
    return errors


def test_right_calls_are_right(found: Mapping[Path, dict[int, str]]) -> None:
    """No error, and every asserted type is what it is said to be."""
    assert not found[RIGHT]


def test_each_wrong_call_is_found(found: Mapping[Path, dict[int, str]]) -> None:
    """An error in each marked line, and in no other: a mark that proves nothing fails too."""
    lines = WRONG.read_text().splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# error")}
    assert len(marked) > 60
    assert found[WRONG].keys() == marked
