"""Exempts the API from Flask-WTF's CSRF protection: its clients send credentials, not a form's token."""

from __future__ import annotations

from flask import Blueprint, Flask


def exempt_from_csrf(app: Flask, blueprint: Blueprint) -> None:
    """Exempt the API, whether the host initialises its CSRFProtect before us or after."""

    @app.before_request
    def exempt() -> None:
        # CSRFProtect checks in a before_request function, and Flask calls these in the order they were
        # registered: initialised after us it runs after this one, initialised before us it was there for
        # the call below.
        _exempt(app, blueprint)

    _exempt(app, blueprint)


def _exempt(app: Flask, blueprint: Blueprint) -> None:
    csrf = app.extensions.get("csrf")
    if csrf is not None:  # a set: exempting once more at each request changes nothing
        csrf.exempt(blueprint)
