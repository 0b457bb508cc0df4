"""What of a submitting request is kept in the `meta` of its jobs, so that a trace leads to them."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import request

from ..options import OF_SUBMISSION

# https://www.w3.org/TR/trace-context/: the version ff is invalid, and those after 00 may have more fields.
_IDS: Final = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_TRACEPARENT: Final = re.compile(f"00{_IDS}|(?!00|ff)[0-9a-f]{{2}}{_IDS}(-[!-~]{{1,100}})?")
_REQUEST_ID: Final = re.compile(r"[!-~]{1,200}")


def with_correlation(meta: dict[str, Any] | None) -> dict[str, Any] | None:
    """`meta` with `traceparent` and `request_id` of the current request, where valid ones were sent.

    What the caller gave under these names stays, and they are left out where there is no room for them.
    """
    environ = request.environ
    sent = {
        "traceparent": _valid(environ.get("HTTP_TRACEPARENT"), _TRACEPARENT),
        "request_id": _valid(environ.get("HTTP_X_REQUEST_ID"), _REQUEST_ID),
    }
    found = {name: value for name, value in sent.items() if value is not None}
    if not found:
        return meta
    merged = {**found, **(meta or {})}
    return merged if OF_SUBMISSION["meta"].rule.fits(merged) else meta


def _valid(value: str | None, pattern: re.Pattern[str]) -> str | None:
    return None if value is None or pattern.fullmatch(value) is None else value
