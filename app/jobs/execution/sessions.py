"""The session of Flask-SQLAlchemy's that belongs to the current app context."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from flask import Flask


def session_closer(app: Flask) -> Callable[[], None]:
    """A function that closes the current context's session, whatever the host's teardowns do."""
    # Flask stops at the first teardown that raises. Flask-SQLAlchemy finds sessions by the id() of the
    # app context: one that is left behind is found by a later context at the same address, which then
    # commits rows that are not its own.
    db = app.extensions.get("sqlalchemy")
    if db is None:
        return _no_op
    scopes = db.session.registry
    if not isinstance(scopes.registry, dict):  # the host scopes its sessions by thread
        return lambda: _call_suppressed(db.session.remove)
    key = scopes.scopefunc()

    def close() -> None:
        # The key was taken inside the context: after its end scopefunc() raises.
        if session := scopes.registry.pop(key, None):
            _call_suppressed(session.close)

    return close


def _no_op() -> None:
    pass


def _call_suppressed(call: Callable[[], None]) -> None:
    with contextlib.suppress(Exception):
        call()
