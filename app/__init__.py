"""The service: a thin host that does real work through the jobs package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Create the service; `config` overrides the defaults, the environment overrides `config`.

    Creates missing tables. Raises ConfigError and ServiceConfigError for invalid settings.
    """
    # Imported here: importing app.jobs alone must not import the service.
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
