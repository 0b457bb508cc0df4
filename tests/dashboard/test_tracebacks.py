"""Tracebacks as sections of frames."""

from __future__ import annotations

import json
import traceback

from app.jobs.dashboard import tracebacks


def test_a_real_traceback_is_told_apart_and_loses_no_line() -> None:
    """Frames of this file are the app's, those of the standard library are not; every line is somewhere."""
    try:
        json.loads("{")
    except ValueError:
        text = traceback.format_exc()
    sections = tracebacks.parse(text)
    kinds = [(section.is_library, bool(section.frames)) for section in sections]
    assert kinds == [(False, False), (False, True), (True, True), (False, False)]
    assert sections[1].frames[0].code.startswith('json.loads("{")')
    assert sections[0].text == "Traceback (most recent call last):"
    assert "JSONDecodeError" in sections[-1].text


def test_chained_exceptions_keep_what_stands_between() -> None:
    """The sentence that joins two tracebacks is text of its own."""
    try:
        try:
            raise KeyError("a")
        except KeyError as error:
            raise ValueError("b") from error
    except ValueError:
        text = traceback.format_exc()
    assert any("direct cause" in section.text for section in tracebacks.parse(text))


def test_what_is_no_traceback_stays_text() -> None:
    """Any text comes back as it is."""
    assert [section.text for section in tracebacks.parse("lost\nin space")] == ["lost\nin space"]
    assert tracebacks.parse("") == []
