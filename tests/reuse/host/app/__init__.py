"""A host with things of its own; only `jobs.py` knows of Flask-Simmer."""

from __future__ import annotations

import signal
import sys
from typing import Any

from flask import Flask, jsonify, request
from flask_executor import Executor
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

db = SQLAlchemy()
migrate = Migrate()
executor = Executor()
csrf = CSRFProtect()

GOODBYE = 7


class Note(db.Model):
    """A row of the host's own."""

    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.String(50), nullable=False)


def create_app(with_jobs: bool = True) -> Flask:
    """The host, with Flask-Simmer or as it was before."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    signal.signal(signal.SIGTERM, end)
    db.init_app(app)
    migrate.init_app(app, db)
    executor.init_app(app)
    if with_jobs:
        from .jobs import simmer

        simmer.init_app(app, db)
    csrf.init_app(app)
    add_routes(app)
    return app


def end(_number: int, _frame: Any) -> None:
    """The host's own way to end."""
    sys.exit(GOODBYE)


def shout() -> str:
    """Work for the host's pool, which carries the request along."""
    return request.args["word"].upper()


def add_routes(app: Flask) -> None:
    """Pages of the host's own."""

    @app.errorhandler(404)
    def nothing_here(_error: Exception) -> tuple[str, int]:
        return "The host has no such page.", 404

    @app.post("/form")
    def form() -> str:
        return "saved"

    @app.get("/notes")
    def notes() -> Any:
        return jsonify([note.text for note in db.session.scalars(db.select(Note))])

    @app.get("/pool")
    def pool() -> str:
        return str(executor.submit(shout).result(timeout=10))
