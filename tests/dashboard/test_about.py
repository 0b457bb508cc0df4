"""What is in force here."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from app.jobs.config import Settings

from .browsing import dashboard, page, post, words


def test_every_setting_is_shown_and_no_secret(tmp_path: Path) -> None:
    """Keys with their values; of tokens only how many there are."""
    secret = {"webhook_secret": "s" * 32, "alert_url": "https://user-of-hook.example/secret-path"}
    with dashboard(tmp_path, api_tokens={"token-of-operator": ["operate"]}, threads=3, **secret) as here:
        post(here, "/sign-in", token="token-of-operator")
        markup = page(here, "/about")
        assert all(f"JOBS_{field.name.upper()}" in markup for field in fields(Settings))
        assert "1 token" in words(markup)
        assert not [word for word in ("token-of-operator", "sssss", "secret-path") if word in markup]
        assert "<strong>3</strong>" in markup


def test_what_doctor_finds_is_shown_with_its_hint(tmp_path: Path) -> None:
    """A queue without a worker is a warning on the page, as at the prompt."""
    with dashboard(tmp_path, engine="thread", role="web") as here:
        here.submit("add")
        with here.app.app_context():
            findings = [finding for finding in here.jobs.doctor() if finding.level != "ok"]
        text = words(page(here, "/about"))
        assert findings
        assert all(finding.check in text for finding in findings)
