"""What is in force here."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from app.jobs.config import Settings

from .browsing import dashboard, page, post, words


def test_every_setting_is_shown_and_no_secret(tmp_path: Path) -> None:
    """Keys with their values; of tokens only how many there are."""
    with dashboard(tmp_path, api_tokens={"token-of-operator": ["operate"]}, threads=3) as here:
        post(here, "/sign-in", token="token-of-operator")
        markup = page(here, "/about")
        assert all(f"JOBS_{field.name.upper()}" in markup for field in fields(Settings))
        assert "1 token" in words(markup)
        assert "token-of-operator" not in markup
        assert "<strong>3</strong>" in markup
