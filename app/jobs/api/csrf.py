"""The API and Flask-WTF's CSRF protection: a token in a form is not how an API proves who calls."""

from __future__ import annotations

from flask import Blueprint, Flask


def exempt_from_csrf(app: Flask, blueprint: Blueprint) -> None:
    """Exempt the API, whether the host initialises its CSRFProtect before us or after."""

    @app.before_request
    def exempt() -> None:
        # CSRFProtect checks in a before_request function of its own, which runs after this one where it was
        # initialised after us; where it was before, the call below has exempted us already.
        _exempt(app, blueprint)

    _exempt(app, blueprint)


def _exempt(app: Flask, blueprint: Blueprint) -> None:
    csrf = app.extensions.get("csrf")
    if csrf is not None and blueprint.name not in getattr(csrf, "_exempt_blueprints", ()):
        csrf.exempt(blueprint)
