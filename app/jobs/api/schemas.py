"""What bodies and query strings may hold, as marshmallow schemas; nothing else is let in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate

from ..arguments.fields import JsonChoice, JsonDict, JsonList, JsonObject, JsonScalar
from ..checks import SLUG, SLUG_IN_JSON, Rule
from ..errors import pointer, problem
from ..ids import is_id
from ..options import OUTSIDE, unknown_option
from ..serialization.decoding import readings
from ..service.job_factory import CHANGEABLE
from ..service.logs import LEVELS
from ..service.overview import WINDOWS
from ..states import STATES
from ..store.bulk import ACTIONS
from .requests import MOST_IN_PAGE, MOST_IN_PREVIEW

MOST_IN_BATCH: Final = 1_000
MOST_IN_WORD: Final = 1_000
"""Characters of a value that is looked for in JSON."""
MOST_WORDS: Final = 100
"""How often a filter may be repeated."""


def text(most: int, **options: Any) -> JsonScalar:
    """A string of 1 to `most` characters that a database can store."""
    return JsonScalar(str, validate=validate.Length(1, most), **options)


def option_field(rule: Rule, help: str = "", allow_none: bool = True) -> fields.Field[Any]:
    """The field of an option of a job, described by `help`; with `allow_none` null counts as not given."""
    described: dict[str, Any] = {
        **rule.keywords,
        **({"description": f"{help}; {rule.words}."} if help else {}),
    }

    def check(value: Any) -> None:
        if not rule.fits(value):
            raise ValidationError(f"Must be {rule.words}.")

    if rule.each is not None:
        each = option_field(rule.each, allow_none=False)
        return JsonList(each, tuple, validate=check, allow_none=allow_none, metadata=described)
    if rule.kind is dict:
        return JsonDict(JsonScalar(Any), validate=check, allow_none=allow_none, metadata=described)
    return JsonScalar(rule.kind, validate=check, allow_none=allow_none, metadata=described)


class _SubmissionSchema(Schema):
    """The body of `POST /jobs`; an option that is null counts as not given."""

    task = text(200, required=True)
    args = JsonDict(JsonScalar(Any), load_default=dict)

    def handle_error(self, error: ValidationError, data: Any, **kwargs: Any) -> None:
        """Say of an unknown option which one is probably meant."""
        messages = cast(dict[str, Any], error.messages)
        for name in messages.keys() - self.fields.keys() - {"_schema"}:
            messages[name] = [unknown_option(name, OUTSIDE)]


SubmissionSchema: Final = _SubmissionSchema.from_dict(
    {name: option_field(option.rule, option.help) for name, option in OUTSIDE.items()},
    name="SubmissionSchema",
)


class _EditSchema(Schema):
    """The body of `PATCH /jobs/{id}`."""

    args = JsonDict(JsonScalar(Any))


EditSchema: Final = _EditSchema.from_dict(
    {name: option_field(option.rule, option.help, allow_none=False) for name, option in CHANGEABLE.items()},
    name="EditSchema",
)


class BatchSchema(Schema):
    """The body of `POST /jobs/batch`."""

    jobs = JsonList(JsonObject(SubmissionSchema), required=True, validate=validate.Length(1, MOST_IN_BATCH))
    on_done = JsonObject(SubmissionSchema, allow_none=True)
    on_success = JsonObject(SubmissionSchema, allow_none=True)

    @pre_load
    def refuse_too_many(self, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Count before looking at each, so that a body of a million jobs costs nothing."""
        jobs = body.get("jobs")
        if isinstance(jobs, list) and len(jobs) > MOST_IN_BATCH:
            raise ValidationError({"jobs": [f"At most {MOST_IN_BATCH:,} jobs in a batch."]})
        return body


class WordNumber(fields.Integer):
    """A whole number, not negative, in a query string."""

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


def words(inner: fields.Field[Any]) -> JsonList:
    """A parameter that may be repeated, meaning or."""
    return JsonList(inner, load_default=list, validate=validate.Length(max=MOST_WORDS))


class Paths(JsonDict):
    """Parameters `name.<path>`, each of which may be repeated: path → the values that the words may mean."""

    def __init__(self) -> None:
        super().__init__(words(text(MOST_IN_WORD)), load_default=dict)

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> dict[str, Any]:
        loaded = super()._deserialize(value, *rest, **kwargs)
        return {path: [value for word in each for value in readings(word)] for path, each in loaded.items()}


def _check_batch_id(value: str) -> None:
    if not is_id(value):
        raise ValidationError("Must be a UUID.")


class JobFilterSchema(Schema):
    """The filters of `GET /jobs`."""

    state = words(JsonChoice((state, state) for state in STATES))
    task = words(text(200))
    queue = words(text(64))
    tag = words(text(100))
    schedule_id = words(
        JsonScalar(str, validate=validate.Regexp(rf"{SLUG.pattern}\Z"), metadata={"pattern": SLUG_IN_JSON})
    )
    batch_id = words(JsonScalar(str, validate=_check_batch_id, metadata={"format": "uuid"}))
    created_after = JsonScalar(datetime, load_default=None)
    created_before = JsonScalar(datetime, load_default=None)
    started_after = JsonScalar(datetime, load_default=None)
    started_before = JsonScalar(datetime, load_default=None)
    finished_after = JsonScalar(datetime, load_default=None)
    finished_before = JsonScalar(datetime, load_default=None)


class JobQuerySchema(JobFilterSchema):
    """The query string of `GET /jobs`."""

    args = Paths()
    meta = Paths()
    limit = WordNumber(load_default=50, validate=validate.Range(1, MOST_IN_PAGE))
    cursor = text(500, load_default=None)
    sort = JsonChoice(
        (("-created_at", True), ("created_at", False)), load_default=True, metadata={"default": "-created_at"}
    )
    """Loads as whether the newest come first."""
    count = JsonChoice((("true", True), ("false", False)), load_default=False, metadata={"default": "false"})


class _FilterBodySchema(JobFilterSchema):
    """The same filters as JSON, where one value may stand for a list of one."""

    @pre_load
    def wrap_single_values(self, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Make a list of each value that may be one."""
        lists = {name for name, field in self.fields.items() if isinstance(field, JsonList)}
        return {
            name: [value] if name in lists and isinstance(value, str) else value
            for name, value in body.items()
        }


class ActionSchema(Schema):
    """The body of `POST /jobs/actions`."""

    action = JsonChoice(((name, name) for name in ACTIONS), required=True)
    ids = JsonList(JsonScalar(str))
    # Partial: what is not named is no filter, and an empty list of what is named is a mistake.
    filter = JsonObject(_FilterBodySchema(partial=True))
    dry_run = JsonScalar(bool, load_default=False)


class TriggerSchema(Schema):
    """The body of `POST /schedules/preview`; what is in a trigger, the triggers themselves check."""

    trigger = JsonDict(JsonScalar(Any), required=True)
    timezone = text(64, allow_none=True)

    @post_load
    def put_the_zone_in(self, loaded: dict[str, Any], **options: Any) -> dict[str, Any]:
        """A timezone beside the trigger is the trigger's."""
        if "trigger" in loaded and (zone := loaded.pop("timezone", None)) is not None:
            loaded["trigger"] = {**loaded["trigger"], "timezone": zone}
        return loaded


class PreviewSchema(TriggerSchema):
    """The body of `POST /schedules/preview`."""

    count = JsonScalar(int, load_default=10, validate=validate.Range(1, MOST_IN_PREVIEW))
    after = JsonScalar(datetime, load_default=None, allow_none=True)


class ScheduleSchema(TriggerSchema):
    """The body of `PUT /schedules/{id}`, and with an id of `POST /schedules`."""

    task = text(200, required=True)
    args = JsonDict(JsonScalar(Any), load_default=dict)
    paused = JsonScalar(bool, load_default=False)
    misfire = text(10)
    misfire_grace = JsonScalar(float, allow_none=True)
    max_running = JsonScalar(int, allow_none=True)
    jitter = JsonScalar(float)


class NewScheduleSchema(ScheduleSchema):
    """The body of `POST /schedules`."""

    id = text(64, load_default=None, allow_none=True)


class QueueSchema(Schema):
    """The body of `PATCH /queues/{name}`; what a value may be, the use case checks."""

    concurrency = JsonScalar(Any, allow_none=True)


class TaskSchema(QueueSchema):
    """The body of `PATCH /tasks/{name}`."""

    rate = JsonScalar(Any, allow_none=True)
    paused = JsonScalar(bool, allow_none=True)


class HistoryQuerySchema(Schema):
    """The query string of `GET /schedules/{id}/history`."""

    limit = WordNumber(load_default=50, validate=validate.Range(1, MOST_IN_PAGE))
    before = JsonScalar(datetime, load_default=None)


class WaitQuerySchema(Schema):
    """A query string by which to wait."""

    wait = WordSeconds(load_default=None)


class StreamQuerySchema(Schema):
    """The query string of `GET /jobs/{id}/stream`."""

    after = text(100, load_default=None)


class StatsQuerySchema(Schema):
    """The query string of `GET /stats`."""

    window = JsonChoice(((name, name) for name in WINDOWS), load_default=None)


class JobViewSchema(WaitQuerySchema):
    """The query string of `GET /jobs/{id}`."""

    explain = JsonChoice((("1", True), ("0", False)), load_default=False, metadata={"default": "0"})


class LogsQuerySchema(WaitQuerySchema):
    """The query string of `GET /jobs/{id}/logs`."""

    after = text(40, load_default=None)
    level = JsonChoice(((level, level) for level in LEVELS), load_default=None)


def places(messages: Any, where: str = "#") -> list[dict[str, str]]:
    """marshmallow's nested messages as `[{pointer, detail}]` (RFC 6901 fragments)."""
    if isinstance(messages, Mapping):
        found = []
        for key, below in messages.items():
            found += places(below, where if key == "_schema" else pointer(where, key))
        return found
    return [problem(where, text) for text in (messages if isinstance(messages, list) else [messages])]
