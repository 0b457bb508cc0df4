"""Text that any database can store, made from anything: also from exceptions that fight back."""

from __future__ import annotations

import re
import traceback
from typing import Final

from ..outcomes import Failure

LIMIT: Final = 64 * 1024
"""Bytes of UTF-8 that a stored text has at most, unless told otherwise."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_MARK = "… [cut]"
_UNREADABLE = "[unreadable]"
_MOST_NOTES = 20


def is_storable(text: str) -> bool:
    """Whether `text` has neither NUL nor lone surrogates, which databases and UTF-8 refuse."""
    return "\0" not in text if text.isascii() else _UNSTORABLE.search(text) is None


def is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogates, that is, whether it can be written as UTF-8."""
    return text.isascii() or _SURROGATE.search(text) is None


def storable(text: object, limit: int = LIMIT) -> str:
    """At most `limit` bytes of UTF-8, a cut with a mark, U+FFFD for what cannot be stored. Never raises."""
    plain = _plain(text)
    head = _UNSTORABLE.sub("\ufffd", plain[: limit + 1])
    raw = head.encode()
    if len(raw) <= limit:
        return head
    room = limit - len(_MARK.encode())
    return _decode(raw[:room]) + _MARK if room >= 0 else _decode(raw[:limit])


def describe_exception(exc: BaseException) -> Failure:
    """The type, message and traceback of `exc` as storable text. Never raises, whatever `exc` does."""
    try:
        return Failure(storable(_type_name(exc)), storable(exc), _shortened(_traceback(exc)))
    except BaseException:  # hostile code may raise anything, and the failure must be recorded all the same
        return Failure("Exception", _UNREADABLE)


def _plain(text: object) -> str:
    try:
        return str.__str__(text) if issubclass(type(text), str) else str.__str__(str(text))
    except BaseException:
        return _UNREADABLE


def _type_name(exc: BaseException) -> str:
    # The slot of `type` itself: a metaclass may have a __name__ of its own that raises.
    return str(type.__dict__["__name__"].__get__(type(exc)))


def _traceback(exc: BaseException) -> str:
    try:
        report = traceback.TracebackException(type(exc), exc, exc.__traceback__)
        _clip_notes(report)
        return "".join(report.format())
    except BaseException:  # from notes, causes or attributes; the frames are always sound
        frames = traceback.format_tb(BaseException.__dict__["__traceback__"].__get__(exc))
        return "".join(
            ["Traceback (most recent call last):\n", *frames, f"{_type_name(exc)}: {_plain(exc)}\n"]
        )


def _clip_notes(report: traceback.TracebackException | None) -> None:
    # They are formatted line by line: megabytes of them would take seconds.
    while report is not None:
        if isinstance(report.__notes__, list):
            report.__notes__ = [storable(note) for note in report.__notes__[:_MOST_NOTES]]
        report = report.__cause__ or report.__context__


def _shortened(text: str) -> str:
    # Both ends of a traceback matter: where it began, and what it says at last.
    if len(text) <= LIMIT:
        return storable(text)
    half = LIMIT // 2 - len(_MARK.encode())
    tail = _UNSTORABLE.sub("\ufffd", text[-half:]).encode()[-half:]
    return f"{storable(text, half)}\n{_decode(tail)}"


def _decode(raw: bytes) -> str:
    # A cut may have split a character: its remains are dropped.
    return raw.decode("utf-8", "ignore")
