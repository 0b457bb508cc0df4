"""Text that any database can store, made from anything."""

from __future__ import annotations

import re
from typing import Final

LIMIT: Final = 64 * 1024
"""Bytes of UTF-8 that a stored text has at most, unless told otherwise."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_MARK = "… [cut]"
UNREADABLE: Final = "[unreadable]"


def is_storable(text: str) -> bool:
    """Whether `text` has neither NUL nor lone surrogates, which databases and UTF-8 refuse."""
    return "\0" not in text if text.isascii() else _UNSTORABLE.search(text) is None


def is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogates, that is, whether it can be written as UTF-8."""
    return text.isascii() or _SURROGATE.search(text) is None


def storable(text: object, limit: int = LIMIT) -> str:
    """At most `limit` bytes of UTF-8, a cut with a mark, U+FFFD for what cannot be stored. Never raises."""
    plain = readable(text)
    head = _UNSTORABLE.sub("\ufffd", plain[: limit + 1])
    raw = head.encode()
    if len(raw) <= limit:
        return head
    room = limit - len(_MARK.encode())
    return _decode(raw[:room]) + _MARK if room >= 0 else _decode(raw[:limit])


def readable(text: object) -> str:
    """`str(text)`, or UNREADABLE where that raises or is a lie. Never raises."""
    try:
        return str.__str__(text) if issubclass(type(text), str) else str.__str__(str(text))
    except BaseException:
        return UNREADABLE


def storable_ends(text: str) -> str:
    """As `storable`, but cut in the middle: both ends of a traceback matter."""
    if len(text) <= LIMIT:
        return storable(text)
    half = LIMIT // 2 - len(_MARK.encode())
    tail = _UNSTORABLE.sub("\ufffd", text[-half:]).encode()[-half:]
    return f"{storable(text, half)}\n{_decode(tail)}"


def _decode(raw: bytes) -> str:
    # A cut may have split a character: its remains are dropped.
    return raw.decode("utf-8", "ignore")
