"""Checks bodies and query strings by their marshmallow schemas."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final, cast

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.datastructures import MultiDict

from ..arguments.fields import JsonList
from ..arguments.loading import Loader
from ..errors import InvalidArguments
from .links import without_link
from .problems import Problem
from .schemas import Paths, places

_NO_QUERY: Final = Schema()


def load_body(schema: Schema | Loader, body: Mapping[str, Any]) -> dict[str, Any]:
    """What `schema` loads from `body`; raises InvalidArguments naming each place."""
    try:
        return cast(dict[str, Any], schema.load(body))
    except ValidationError as error:
        raise InvalidArguments(places(error.messages)) from None


def read_query(schema: Schema) -> dict[str, Any]:
    """What `schema` loads from the query string; raises Problem (400)."""
    # Most requests have none: what a schema loads from nothing is loaded once.
    if not request.environ.get("QUERY_STRING"):
        return _defaults(schema)
    return load_query(schema, without_link(request.args))


def load_query(schema: Schema, sent: MultiDict[str, str]) -> dict[str, Any]:
    """What `schema` loads from parameters; raises Problem (400)."""
    with_paths = {name for name, field in schema.fields.items() if isinstance(field, Paths)}
    lists = {name for name, field in schema.fields.items() if isinstance(field, JsonList)}
    raw: dict[str, Any] = {}
    for name, values in sent.lists():
        head, _, path = name.partition(".")
        if path and head in with_paths:
            raw.setdefault(head, {})[path] = values
            continue
        if name not in lists and len(values) > 1:
            raise Problem("bad-parameter", f"{name[:100]}: give it once.")
        raw[name] = values if name in lists else values[0]
    try:
        return cast(dict[str, Any], schema.load(raw))
    except ValidationError as error:
        found = places(error.messages, "")
        detail = "; ".join(f"{place['pointer'][1:]}: {place['detail']}" for place in found)
        raise Problem("bad-parameter", detail) from None


@functools.cache
def _defaults(schema: Schema) -> dict[str, Any]:
    return cast(dict[str, Any], schema.load({}))


def refuse_query() -> None:
    """Check that there is no query string; raises Problem (400)."""
    read_query(_NO_QUERY)
