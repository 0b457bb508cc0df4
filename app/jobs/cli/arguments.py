"""Arguments as they are typed: `name=text` and `name:=json`.

Text becomes what the task takes, as far as its JSON Schema tells: where a string fits, the text is the
string; else it is read as JSON (and as yes or no, where a boolean fits), and taken if that fits. So `a=1`
is 1 for an `int`, "1" for a `str`, and "1" where anything goes; `:=` is for what must not be guessed.
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
    """The arguments that `pairs` say, for a task of that JSON Schema; raises click.UsageError."""
    args: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name in ("", ":"):
            raise click.UsageError(f"{pair!r} is no argument: write name=text or name:=json")
        is_json = name.endswith(":")
        name = name.removesuffix(":")
        if name in args:
            raise click.UsageError(f"{name!r} is given twice")
        args[name] = _json(name, text) if is_json else fit(text, _schema_of(name, schema))
    return args


def fit(text: str, schema: Mapping[str, Any]) -> Any:
    """`text` as a value that fits `schema`; as it is where nothing does, for the task's check to refuse."""
    return next((value for value in _readings(text) if _fits(value, schema)), text)


def _readings(text: str) -> Iterator[Any]:
    yield text
    for read in (lambda: loads_strict(text.encode()), lambda: as_boolean(text)):
        try:
            yield read()
        except ValueError:
            continue


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether the kind of `value` is right; what is said of its inside is for the task's own check."""
    if "enum" in schema:
        return any(
            value == each and isinstance(value, bool) == isinstance(each, bool) for each in schema["enum"]
        )
    if "anyOf" in schema:
        return any(_fits(value, each) for each in schema["anyOf"])
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
        return loads_strict(text.encode(errors="surrogateescape"))
    except ValueError as error:
        raise click.UsageError(f"{name}:= {error}") from None
