"""Text made storable."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.serialization.text import is_storable, is_unicode, storable


class Hostile:
    def __str__(self) -> str:
        raise SystemExit("no text for you")


class Disguised(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise KeyboardInterrupt

    def __getitem__(self, key: Any) -> NoReturn:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        (5, "5"),
        (None, "None"),
        ("a\0b", "a\ufffdb"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        (b"\xff", "b'\\xff'"),
        (Hostile(), "[unreadable]"),
        (Disguised("under"), "under"),
    ],
)
def test_storable(text: object, expected: str) -> None:
    """Anything becomes text without NUL and lone surrogates."""
    assert storable(text) == expected


@pytest.mark.parametrize("limit", [0, 1, 5, 9, 10, 11, 12, 100])
@pytest.mark.parametrize("text", ["x" * 101, "ü" * 101, "€" * 101, "\U0001f600" * 101, "\0" * 101])
def test_storable_is_cut_at_bytes(text: str, limit: int) -> None:
    """The limit is one of bytes; a cut never splits a character and shows where there is room."""
    cut = storable(text, limit)
    assert len(cut.encode()) <= limit
    assert cut.endswith("… [cut]") == (limit >= len("… [cut]".encode()))


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=()), max_size=60), st.integers(0, 80))
def test_storable_always_fits(text: str, limit: int) -> None:
    """Whatever the text: it fits, can be stored, and is left alone where it was so already."""
    made = storable(text, limit)
    assert len(made.encode()) <= limit
    assert is_storable(made)
    if is_storable(text) and len(text.encode()) <= limit:
        assert made == text


@pytest.mark.parametrize(
    ("text", "unicode", "stored"),
    [
        ("a", True, True),
        ("ü", True, True),
        ("\0", True, False),
        ("ü\0", True, False),
        ("\udc00", False, False),
    ],
)
def test_checks(text: str, unicode: bool, stored: bool) -> None:
    """NUL is Unicode but cannot be stored; a lone surrogate is neither."""
    assert (is_unicode(text), is_storable(text)) == (unicode, stored)
