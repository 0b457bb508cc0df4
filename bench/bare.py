"""What HTTP is compared with: a Flask route that answers with a little JSON and does nothing else."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    """An app with that route, for GET and POST."""
    app = Flask("bare")

    @app.route("/bare", methods=["GET", "POST"])
    def bare() -> dict[str, object]:
        return {"id": "01900000-0000-7000-8000-000000000000", "state": "queued", "args": {"number": 1}}

    return app
