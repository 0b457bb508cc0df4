"""Services for the tests: each with a database and folders of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import URL

from app import create_app
from app.extensions import db, jobs

from .postbox import Postbox

ServiceFactory = Callable[..., Flask]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment goes before what a test configures: take what is ours out of it."""
    for name in list(os.environ):
        if name.startswith("FLASK_") or name in ("DATABASE_URL", "SMTP_URL", "HOST", "PORT"):
            monkeypatch.delenv(name)


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[ServiceFactory]:
    """Makes services: `make_service(url=…, JOBS_ENGINE=…)`. By default no job runs until it is told to."""
    made: list[Flask] = []

    def make(url: URL | None = None, **config: Any) -> Flask:
        where = url.render_as_string(hide_password=False) if url else f"sqlite:///{tmp_path}/service.db"
        defaults = {
            "TESTING": True,
            "SQLALCHEMY_DATABASE_URI": where,
            "UPLOAD_FOLDER": str(tmp_path / "uploads"),
            "JOBS_ENGINE": "manual",
            "JOBS_SQLITE_SYNCHRONOUS": "NORMAL",
        }
        app = create_app({**defaults, **config})
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            jobs.stop(timeout=5)
            jobs.runtime.database.close()
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def smtp_url(postbox: Postbox) -> Iterator[str]:
    """The URL of a server that delivers to `postbox`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}"
    controller.stop()
