"""What requests hold, made of what the methods are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from ..errors import InvalidArguments, pointer, problem
from ..job import Job
from ..serialization.encoding import NotEncodable, text_of, to_json
from ..serialization.presenter import moment
from ..values import Batch
from .values import SubmittedBatch

WITH_PATHS: Final = ("args", "meta")
"""Filters that look into JSON."""


def path_of(kind: str, name: str) -> str:
    """The path of a resource, with a name as it stands in a URL."""
    return f"/{kind}/{quote(name, safe='')}"


def quoted_key(given: str | None) -> str:
    """The content of a quoted string (RFC 8941); raises ValueError for what no header can hold."""
    if given is None:
        return str(uuid4())
    if not (0 < len(given) <= 255 and given.isascii() and given.isprintable()):
        raise ValueError("an idempotency_key has 1 to 255 printable ASCII characters")
    return given.replace("\\", "\\\\").replace('"', '\\"')


def submission_of(task: str, args: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The body of one submission; raises InvalidArguments for what cannot be encoded."""
    try:
        body = {"task": task, "args": to_json(dict(args), "args")}
    except NotEncodable as error:
        raise InvalidArguments([problem(pointer("#/args", *reversed(error.path)), error.reason)]) from None
    return {**body, **{name: _option(name, value) for name, value in options.items() if value is not None}}


def _option(name: str, value: Any) -> Any:
    """An option as JSON: several of what may be one are a list, and jobs and batches their ids."""
    several = name in ("tags", "depends_on")
    values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    ids = [each.id if isinstance(each, Job | Batch | SubmittedBatch) else each for each in values]
    return to_json(ids if several else value, name)


def query_of(filters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words of filters in a query string; one with several values is repeated."""
    for word, value in filters.items():
        paths = value.items() if word in WITH_PATHS and isinstance(value, Mapping) else [("", value)]
        for path, wanted in paths:
            name = f"{word}.{path}" if path else word
            several = wanted if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)
            yield from ((name, _word(each)) for each in several if each is not None or path)


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return str(moment(value))
    return value if isinstance(value, str) else text_of(to_json(value))
