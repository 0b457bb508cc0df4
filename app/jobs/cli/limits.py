"""Limits as they are typed and printed: `2`, `2:tenant`, `100/m`, `5/s:tenant`."""

from __future__ import annotations

from typing import Any


def read_limit(text: str) -> Any:
    """The limit that is typed, None for `none`; what it may be, the use case checks."""
    if text in ("none", "null"):
        return None
    number, colon, arg = text.partition(":")
    value = int(number) if number.isdecimal() and len(number) < 10 else number
    return [value, arg] if colon else value


def limit_text(value: Any) -> str:
    """A limit as it is typed."""
    return ":".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
