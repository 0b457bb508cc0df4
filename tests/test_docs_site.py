"""The pages as a whole: the site, what is made from the code, and what they say of the project's shape."""

from __future__ import annotations

import re

import pytest

import app.jobs
from app.jobs import signals
from app.jobs.states import STATES
from docs.make_reference import PATH, reference

from .documents import CONTRIBUTING, ROOT, doc
from .test_imports import FACE, LEAVES, PACKAGE, ROOMS


def test_the_reference_is_what_the_docstrings_say() -> None:
    """docs/reference.md is as `make reference` makes it, and has every name that can be imported."""
    assert PATH.read_text() == reference(), "run: make reference"
    text = PATH.read_text()
    assert [name for name in app.jobs.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    """`make docs`, which `make check` runs, would stop at one that is not, and at a broken link or anchor."""
    named = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text().partition("nav:")[2])
    assert sorted(named) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_documented(state: str) -> None:
    """Each state stands on the page of the life of a job."""
    assert f"`{state}`" in doc("state-machine").text


@pytest.mark.parametrize(
    "signal", sorted(name for name in vars(signals) if name.startswith(("job_", "schedule_")))
)
def test_every_signal_is_documented(signal: str) -> None:
    """Each signal stands on the page of hooks."""
    assert f"`{signal}`" in doc("hooks").text


def test_the_rooms_are_those_of_the_package() -> None:
    """The table of the architecture has each room once, from the top floor down, as the imports go."""
    _title, *named = re.findall(
        r"^\| `?([a-z]+)/?`? \|", doc("architecture").section("The rooms"), re.MULTILINE
    )
    there = {FACE, LEAVES, *(path.name for path in PACKAGE.iterdir() if path.is_dir())}
    assert named == [room for floor in ROOMS for room in floor if room in there]


def test_the_picture_is_the_same_in_both() -> None:
    """Who reads one of the two has not learned something else."""
    (drawn,) = [block.text for block in CONTRIBUTING.blocks if block.language == "text"]
    assert drawn in [block.text for block in doc("architecture").blocks if block.language == "text"]
    drawn_rooms = set(re.findall(r"\b([a-z]+)/", drawn))
    assert drawn_rooms <= {room for floor in ROOMS for room in floor}
