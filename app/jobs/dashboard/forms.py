"""Values that are typed into forms as JSON."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArguments, problem
from ..serialization.decoding import loads_strict

_SHOWN = 40
"""Characters of what was typed that an error repeats."""


def tags_of(text: str) -> list[str]:
    """One tag a line, each as it is: blanks within are part of it."""
    return [line for line in text.splitlines() if line.strip()]


def json_of(name: str, text: str, wanted: str = "is not JSON") -> Any:
    """The JSON value that `text` is, as strict as a body of the API; raises InvalidArguments for `#/name`."""
    try:
        return loads_strict(text.encode())
    except ValueError as error:
        raise InvalidArguments([problem(f"#/{name}", f"{text[:_SHOWN]!r} {wanted}: {error}")]) from None
