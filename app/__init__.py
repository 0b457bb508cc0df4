"""The service: a thin host that does real work through the jobs package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The service, ready to be served; `config` goes before the defaults and behind the environment.

    Creates what is missing of its tables. Raises errors.ConfigError where a setting cannot be used.
    """
    # Imported here, because importing app.jobs alone must not bring the service along.
    from . import config as settings
    from . import (
        database,
        examples,
        imports,
        newsletter,  # noqa: F401 - has no pages: importing it registers its task
        pages,
        problems,
        updates,
        users,
    )
    from .extensions import db, jobs

    app = Flask(__name__)
    settings.load(app, config)
    db.init_app(app)
    database.prepare(app)
    jobs.init_app(app, db)
    for module in (users, imports, updates, examples, pages):
        app.register_blueprint(module.blueprint)
    problems.init_app(app)
    pages.add_aliases(app)
    database.create_tables(app)
    return app
