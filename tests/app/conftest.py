"""Services for the tests: each with a database and folders of its own."""

from __future__ import annotations

import os
import shutil
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
    """The environment goes before what a test configures."""
    take_out_of_environment(monkeypatch)


def take_out_of_environment(patch: pytest.MonkeyPatch) -> None:
    """Take what is ours out of the environment."""
    for name in list(os.environ):
        if name.startswith("FLASK_") or name in ("DATABASE_URL", "SMTP_URL", "HOST", "PORT"):
            patch.delenv(name)


@pytest.fixture(scope="session")
def service_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the service's tables: copying it is faster than making them."""
    path = tmp_path_factory.mktemp("template") / "service.db"
    with pytest.MonkeyPatch.context() as patch:
        take_out_of_environment(patch)
        app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{path}", "JOBS_ENGINE": "manual"})
    _close(app)
    return path


@pytest.fixture
def make_service(tmp_path: Path, service_template: Path) -> Iterator[ServiceFactory]:
    """Makes services: `make_service(url=…, JOBS_ENGINE=…)`. By default no job runs until it is told to."""
    made: list[Flask] = []
    file = tmp_path / "service.db"

    def make(url: URL | None = None, **config: Any) -> Flask:
        if url is None and not file.exists():
            shutil.copy(service_template, file)
        where = url.render_as_string(hide_password=False) if url else f"sqlite:///{file}"
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
        _close(app)


def _close(app: Flask) -> None:
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
