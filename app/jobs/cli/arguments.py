"""Parses arguments of the command line: `name=text` and `name:=json`.

Text is converted by the task's JSON Schema: where a string is allowed it stays a string, else it is parsed
as JSON (or as yes and no for a boolean) and used if the type fits. So `a=1` is 1 for an `int`, "1" for a
`str`, and "1" without an annotation; `:=` is JSON, whatever the schema says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import click

from ..checks import is_number
from ..config import as_boolean
from ..serialization.decoding import loads_strict

_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and value % 1 == 0,
    "number": is_number,
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def read_pairs(pairs: Iterable[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in `pairs`, for a task with that JSON Schema; raises click.UsageError."""
    args: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name in ("", ":"):
            raise click.UsageError(f"{pair!r} is not an argument: write name=text or name:=json")
        is_json = name.endswith(":")
        name = name.removesuffix(":")
        if name in args:
            raise click.UsageError(f"{name!r} is given twice")
        args[name] = _json(name, text) if is_json else coerce(text, _schema_of(name, schema))
    return args


def coerce(text: str, schema: Mapping[str, Any]) -> Any:
    """`text` as a value that fits `schema`; unchanged where none does, for the task's check to refuse."""
    return next((value for value in _candidates(text) if _is_kind_of(value, schema)), text)


def _candidates(text: str) -> Iterator[Any]:
    # Text first: where a string is allowed, "1" and "true" are meant as they are typed.
    yield text
    for read in (lambda: loads_strict(text.encode()), lambda: as_boolean(text)):
        try:
            yield read()
        except ValueError:
            continue


def _is_kind_of(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `value` has the type that `schema` names; what it contains is left to the task's check."""
    if "enum" in schema:
        # True == 1 in Python, but not in JSON.
        return any(
            value == each and isinstance(value, bool) == isinstance(each, bool) for each in schema["enum"]
        )
    if "anyOf" in schema:
        return any(_is_kind_of(value, each) for each in schema["anyOf"])
    kinds = schema.get("type")
    if kinds is None:
        return True
    return any(_KINDS[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _schema_of(name: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    further = schema.get("additionalProperties")
    found = schema.get("properties", {}).get(name, further)
    return found if isinstance(found, Mapping) else {}


def _json(name: str, text: str) -> Any:
    try:
        # The bytes as they were typed: loads_strict then says which of them is not UTF-8.
        return loads_strict(text.encode(errors="surrogateescape"))
    except ValueError as error:
        raise click.UsageError(f"{name}:= {error}") from None
