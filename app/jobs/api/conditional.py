"""Conditional requests (RFC 9110, 13): entity tags, `If-None-Match` of a GET, and what a write requires.

Tags are weak and compared weakly, by If-Match too. The part before a dot stands for what people change: it
alone counts for a write, so that a schedule that has fired meanwhile can still be changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from werkzeug.datastructures import ETags

from ..job import Job, Stamp
from ..serialization.presenter import dump
from ..service.preconditions import Precondition
from .problems import Problem

T = TypeVar("T")


def job_tag(job: Job | Stamp) -> str:
    """The entity tag of a job."""
    return str(job.version)


def schedule_tag(shown: dict[str, Any]) -> str:
    """The entity tag of a schedule, from what a response shows of it: no digest of a secret gets out."""
    moving = {name: shown[name] for name in ("next_fire_at", "last_fire_at", "overdue")}
    kept = {name: value for name, value in shown.items() if name not in moving}
    return f"{_digest(kept)}.{_digest(moving)}"


def etag_headers(tag: str) -> dict[str, str]:
    """ETag and caching of a response that shows one resource."""
    # no-cache: a cache may keep it, and asks us by its ETag each time.
    return {"ETag": f'W/"{tag}"', "Cache-Control": "no-cache"}


def is_conditional() -> bool:
    """Whether the request has If-None-Match."""
    return "HTTP_IF_NONE_MATCH" in request.environ


def is_not_modified(tag: str) -> bool:
    """Whether If-None-Match names `tag` (weak comparison, RFC 9110, 13.1.2)."""
    named = request.environ.get("HTTP_IF_NONE_MATCH")
    if named is None:
        return False
    # Nearly every client sends back the tag that it got: compared before the header is parsed.
    return named == f'W/"{tag}"' or request.if_none_match.contains_weak(tag)


def precondition(tag_of: Callable[[T], str]) -> Precondition[T | None] | None:
    """What checks If-Match and If-None-Match on what a write changes, None where neither was sent.

    `tag_of` returns the tag of what is stored. The check raises Problem (412).
    """
    if not {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"} & request.environ.keys():
        return None
    required = request.if_match if "HTTP_IF_MATCH" in request.environ else None
    excluded = request.if_none_match if is_conditional() else None

    def check(stored: T | None) -> None:
        tag = None if stored is None else tag_of(stored)
        if required is not None and not _names(required, tag):
            what = "there is nothing here yet" if tag is None else "it has changed since: get it again"
            raise Problem("precondition-failed", f"If-Match does not hold: {what}.")
        if excluded is not None and _names(excluded, tag):
            raise Problem("precondition-failed", "If-None-Match does not hold: it is there, and as you say.")

    return check


def _names(sent: ETags, tag: str | None) -> bool:
    if tag is None:
        return False
    # Werkzeug reads the empty tag, which is valid, as None.
    named = [_changed_by_people(each or "") for each in sent.as_set(include_weak=True)]
    return sent.star_tag or _changed_by_people(tag) in named


def _changed_by_people(tag: str) -> str:
    return tag.partition(".")[0]


def _digest(value: Any) -> str:
    return hashlib.sha256(dump(value)).hexdigest()[:16]
