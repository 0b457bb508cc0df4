"""What bodies and query strings may hold, as marshmallow schemas; nothing else is let in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from .ids import is_id
from .options import LONGEST_DELAY, MOST_TAGS
from .registry import HIGHEST_PRIORITY, MOST_ATTEMPTS
from .states import STATES

MOST_IN_BATCH: Final = 1_000
MOST_IN_PAGE: Final = 500
SCHEDULE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Text(fields.String):
    """A JSON string of `least` to `most` characters without NUL, which PostgreSQL cannot store."""

    def __init__(self, *, least: int = 1, most: int = 200, **options: Any) -> None:
        no_nul = validate.ContainsNoneOf("\0", error="NUL is not allowed.")
        super().__init__(validate=[validate.Length(least, most), no_nul], **options)


class Whole(fields.Integer):
    """A JSON number without a fraction (3.0 is 3); no booleans, no strings."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
            raise self.make_error("invalid", input=value)
        return int(value)


class Number(fields.Float):
    """A finite JSON number; no booleans, no strings."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise self.make_error("invalid", input=value)
            return float(value)
        except OverflowError:
            raise self.make_error("too_large", input=value) from None


class Moment(fields.Field[datetime]):
    """An RFC 3339 time with its offset, as an aware UTC datetime."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            if isinstance(value, str) and _TIME.fullmatch(value):
                return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("Must be an RFC 3339 time such as 2030-01-31T09:00:00Z.")


class JsonObject(fields.Field[dict[str, Any]]):
    """Any JSON object."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("Must be a JSON object.")
        return value


class SubmissionSchema(Schema):
    """The body of `POST /jobs`; an option that is null counts as not given."""

    task = Text(required=True)
    args = JsonObject(load_default=dict)
    queue = Text(most=64, allow_none=True)
    priority = Whole(validate=validate.Range(-HIGHEST_PRIORITY, HIGHEST_PRIORITY), allow_none=True)
    run_at = Moment(allow_none=True)
    delay = Number(validate=validate.Range(0, LONGEST_DELAY), allow_none=True)
    timeout = Number(validate=validate.Range(0, LONGEST_DELAY, min_inclusive=False), allow_none=True)
    max_attempts = Whole(validate=validate.Range(1, MOST_ATTEMPTS), allow_none=True)
    tags = fields.List(Text(most=100), validate=validate.Length(max=MOST_TAGS), allow_none=True)


class BatchSchema(Schema):
    """The body of `POST /jobs/batch`."""

    jobs = fields.List(
        fields.Nested(SubmissionSchema), required=True, validate=validate.Length(1, MOST_IN_BATCH)
    )

    @pre_load
    def refuse_too_many(self, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Count before looking at each, so that a body of a million jobs costs nothing."""
        jobs = body.get("jobs")
        if isinstance(jobs, list) and len(jobs) > MOST_IN_BATCH:
            raise ValidationError({"jobs": [f"At most {MOST_IN_BATCH:,} jobs in a batch."]})
        return body


class EmptySchema(Schema):
    """A body that says nothing, `{}`."""


class WordNumber(fields.Integer):
    """A whole number in a query string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise self.make_error("invalid", input=value)
        return int(value)


class WordSeconds(fields.Float):
    """A number of seconds, not negative, in a query string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise self.make_error("invalid", input=value)
        return float(value)


class WordBoolean(fields.Field[bool]):
    """`true` or `false` in a query string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Must be true or false.")
        return bool(value == "true")


def _check_job_id(value: str) -> None:
    if not is_id(value):
        raise ValidationError("Must be a UUID.")


class Words(fields.List[str]):
    """A parameter that may be repeated, meaning or."""

    def __init__(self, inner: fields.Field[str], **options: Any) -> None:
        super().__init__(inner, load_default=list, validate=validate.Length(max=MOST_IN_PAGE), **options)


class JobQuerySchema(Schema):
    """The query string of `GET /jobs`."""

    state = Words(fields.String(validate=validate.OneOf(STATES)))
    task = Words(Text())
    queue = Words(Text(most=64))
    tag = Words(Text(most=100))
    schedule_id = Words(fields.String(validate=validate.Regexp(rf"{SCHEDULE_ID.pattern}\Z")))
    batch_id = Words(fields.String(validate=_check_job_id))
    created_after = Moment(load_default=None)
    created_before = Moment(load_default=None)
    limit = WordNumber(load_default=50, validate=validate.Range(1, MOST_IN_PAGE))
    cursor = Text(most=500, load_default=None)
    sort = fields.String(load_default="-created_at", validate=validate.OneOf(("created_at", "-created_at")))
    count = WordBoolean(load_default=False)


class WaitQuerySchema(Schema):
    """The query string of `GET /jobs/{id}`."""

    wait = WordSeconds(load_default=None)


def places(messages: Any, pointer: str = "#") -> list[dict[str, str]]:
    """marshmallow's nested messages as `[{pointer, detail}]` (RFC 6901 fragments)."""
    if isinstance(messages, Mapping):
        found = []
        for key, below in messages.items():
            here = pointer if key == "_schema" else f"{pointer}/{_escape(str(key))}"
            found += places(below, here)
        return found
    texts = messages if isinstance(messages, list) else [messages]
    return [{"pointer": pointer, "detail": str(text)} for text in texts]


def _escape(name: str) -> str:
    """A step of a JSON pointer in a fragment (RFC 6901, sections 3 and 6)."""
    return quote(name.replace("~", "~0").replace("/", "~1").encode(errors="replace"), safe="~!$&'()*+,;=:@")
