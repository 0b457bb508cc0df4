"""The signature of a webhook: HMAC-SHA256 over the time of sending and the body."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Final

HEADER: Final = "X-Simmer-Signature"
TOLERANCE: Final = 300.0
"""Seconds that the time in a signature may differ from the receiver's clock."""
_LONGEST: Final = 1_000
"""Characters of a header that are looked at."""


def sign(body: bytes, secret: str, at: int) -> str:
    """The value of HEADER for a body that is sent at that Unix time: `t=…,v1=…`, in hexadecimal digits."""
    return f"t={at},v1={_digest(body, secret, str(at))}"


def verify(
    body: bytes, signature: str | None, secret: str, tolerance: float = TOLERANCE, now: float | None = None
) -> bool:
    """Whether `body`, the bytes as they came, was signed with `secret` within `tolerance` seconds from now.

    `signature` is the value of X-Simmer-Signature, None where there is none. Never raises, whatever a sender
    puts there; what is compared takes the same time wherever it differs.
    """
    parts = [part.partition("=") for part in (signature or "")[:_LONGEST].split(",")]
    times = [value for name, _, value in parts if name == "t"]
    # One time alone: of two it would not be clear which of them was signed.
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12):
        return False
    expected = _digest(body, secret, times[0])
    sent = [value for name, _, value in parts if name == "v1" and value.isascii()]
    is_signed = any(hmac.compare_digest(value, expected) for value in sent)
    return is_signed and abs((time.time() if now is None else now) - int(times[0])) <= tolerance


def _digest(body: bytes, secret: str, at: str) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
