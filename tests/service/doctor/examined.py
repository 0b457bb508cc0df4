"""What the tests of the checks share: the findings of an app, by check."""

from __future__ import annotations

from flask import Flask

from app.jobs.service.doctor import examine
from app.jobs.values import Finding


def findings(app: Flask, check: str) -> list[Finding]:
    """What `doctor` says by that check."""
    with app.app_context():
        return [found for found in examine(app.extensions["simmer"]) if found.check == check]


def finding(app: Flask, check: str) -> Finding:
    """The only thing that it says."""
    (found,) = findings(app, check)
    assert (found.hint is None) == (found.level == "ok")
    return found
