"""The cookie by which a browser stays signed in with one of JOBS_API_TOKENS."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import suppress
from typing import Final

from flask import Request
from itsdangerous import BadSignature, TimestampSigner

COOKIE: Final = "simmer_sign_in"
SECONDS: Final = 12 * 3600
"""How long a sign-in lasts."""
_SIGNED: Final = b"token"


def cookie_of(token: str) -> str:
    """The cookie of a browser that is signed in with `token`, which it does not contain."""
    return _signer(token).sign(_SIGNED).decode()


def signed_in_token(tokens: Collection[str] | None, request: Request) -> str | None:
    """Which of `tokens` the sender of `request` is signed in with; None for a forged or expired cookie."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    found = None
    for token in tokens or ():
        with suppress(BadSignature):  # SignatureExpired is one
            _signer(token).unsign(cookie, max_age=SECONDS)
            found = token
    return found


def _signer(token: str) -> TimestampSigner:
    # The token itself is the key, not the app's SECRET_KEY: a token that is withdrawn ends its sign-ins, and
    # an app without sessions needs no key.
    return TimestampSigner(token, salt="flask-simmer.sign-in", digest_method=hashlib.sha256)
