"""`make demo`, on a small file."""

from __future__ import annotations

import pytest

from app import demo


def test_it_imports_a_file_and_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real server, a real upload, a bar that ends at 100 %, and the result."""
    monkeypatch.setattr(demo, "LINES", 3_000)
    assert demo.main() == 0
    said = capsys.readouterr().out
    assert "100.0 %" in said
    assert '"imported": 2998' in said
