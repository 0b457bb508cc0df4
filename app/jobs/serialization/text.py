"""Converts any object to text that any database can store."""

from __future__ import annotations

import re
from typing import Final

LIMIT: Final = 64 * 1024
"""The default limit of a stored text, in bytes of UTF-8."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_MARK = "… [cut]"
UNREADABLE: Final = "[unreadable]"


def is_storable(text: str) -> bool:
    """Whether `text` has neither NUL nor lone surrogates."""
    # PostgreSQL refuses NUL, UTF-8 lone surrogates. ASCII is known without a scan: CPython has a flag for it.
    return "\0" not in text if text.isascii() else _UNSTORABLE.search(text) is None


def is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogates, that is, whether it can be written as UTF-8."""
    return text.isascii() or _SURROGATE.search(text) is None


def storable(text: object, limit: int = LIMIT) -> str:
    """`text` as at most `limit` bytes of UTF-8, U+FFFD for what cannot be stored. Never raises.

    A cut is marked.
    """
    plain = safe_str(text)
    # Cut before the substitution: the text may be a hundred megabytes.
    head = _UNSTORABLE.sub("\ufffd", plain[: limit + 1])
    raw = head.encode()
    if len(raw) <= limit:
        return head
    room = limit - len(_MARK.encode())
    return _decode(raw[:room]) + _MARK if room >= 0 else _decode(raw[:limit])


def safe_str(text: object) -> str:
    """`str(text)`, or UNREADABLE where that raises. Never raises."""
    try:
        # str.__str__ copies a subclass into a real str: its own methods may raise later.
        return str.__str__(text) if issubclass(type(text), str) else str.__str__(str(text))
    except BaseException:
        return UNREADABLE


def storable_middle_cut(text: str) -> str:
    """As `storable`, but cut in the middle, so that a traceback keeps both ends."""
    if len(text) <= LIMIT:
        return storable(text)
    half = LIMIT // 2 - len(_MARK.encode())
    tail = _UNSTORABLE.sub("\ufffd", text[-half:]).encode()[-half:]
    return f"{storable(text, half)}\n{_decode(tail)}"


def _decode(raw: bytes) -> str:
    # The cut may have split a character: its incomplete bytes are dropped.
    return raw.decode("utf-8", "ignore")
