"""Checks of the settings: who may use the API, and what jobs have of the host's connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ...config import load_settings
from ...errors import ConfigError
from ...values import Finding
from .examined import Examined

SHORTEST_TOKEN: Final = 20
"""Characters: with fewer a token may be guessed."""
FEWEST_CHARACTERS: Final = 8
"""That differ."""


def check(examined: Examined) -> Iterator[Finding]:
    """All of them."""
    yield from _access(examined)
    yield from _engine(examined)
    yield from _connections(examined)
    try:
        unknown = load_settings(examined.app.config)[1]
    except ConfigError as error:  # changed since the app was made
        yield Finding.serious("settings", str(error), "correct it before the next start")
        return
    for complaint in unknown:
        yield Finding.warning("settings", complaint, "correct the name, or take it out")


def _access(examined: Examined) -> Iterator[Finding]:
    settings = examined.settings
    if settings.api_prefix is None:
        return
    if not (settings.api_tokens or settings.auth):
        words = "neither JOBS_API_TOKENS nor JOBS_AUTH is set: whoever looks like a local program is served"
        hint = "set one of the two: behind a proxy that adds no header everybody looks local"
        yield Finding.warning("access", words, hint)
        return
    tokens = settings.api_tokens or {}
    weak = [number for number, token in enumerate(tokens, 1) if _is_weak(token)]
    for number in weak:
        words = f"the token {number} of {len(tokens)} in JOBS_API_TOKENS can be guessed"
        yield Finding.serious(
            "access", words, 'make one with python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    if not weak:
        by = "JOBS_AUTH decides" if not tokens else f"{len(tokens)} tokens"
        yield Finding.ok("access", f"closed but for whom JOBS_API_TOKENS or JOBS_AUTH lets in ({by})")


def _is_weak(token: str) -> bool:
    return len(token) < SHORTEST_TOKEN or len(set(token)) < FEWEST_CHARACTERS


def _engine(examined: Examined) -> Iterator[Finding]:
    if examined.settings.in_caller and not examined.app.testing:
        words = f'JOBS_ENGINE="{examined.settings.engine}" runs jobs where they are submitted, for tests'
        yield Finding.serious("engine", words, 'take it out, or set JOBS_ENGINE="thread"')


def _connections(examined: Examined) -> Iterator[Finding]:
    """Each thread that runs a job may hold a connection of the host's session."""
    host: Any = examined.app.extensions.get("sqlalchemy")
    if host is None or examined.settings.in_caller:
        return
    with examined.app.app_context():
        engine = host.engines.get(None)
    if engine is None:  # a host with bind keys alone
        return
    # QueuePool alone has a limit; SQLAlchemy shows the size, and the overflow as a private name.
    overflow = getattr(engine.pool, "_max_overflow", -1)
    if overflow < 0:
        return
    room, threads = engine.pool.size() + overflow, examined.settings.threads
    if threads > room:
        words = f"{threads} threads share {room} connections of SQLALCHEMY_ENGINE_OPTIONS"
        hint = f"set its pool_size to {threads} or more: jobs that use db.session wait for each other"
        yield Finding.warning("connections", words, hint)
    else:
        yield Finding.ok("connections", f"{threads} threads, {room} connections of the app's session")
