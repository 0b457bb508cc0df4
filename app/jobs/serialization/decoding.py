"""Strict decoding of JSON from outside: request bodies and command line arguments."""

from __future__ import annotations

import math
from itertools import chain
from json import JSONDecodeError, JSONDecoder
from typing import Any

from .encoding import MAX_DEPTH, MAX_DIGITS, refuse_constant, text_of
from .text import is_unicode

_MAX_BODY_DEPTH = 2 * MAX_DEPTH  # so that arguments that are too deep are refused by their own name


def loads_strict(data: bytes) -> Any:
    """Parse `data`; raises ValueError, with a message for the client, for anything but strict JSON.

    Refused are: bytes that are not UTF-8, NaN and Infinity, numbers too large for a float or of too many
    digits, duplicate names in an object, lone surrogates, more than twice MAX_DEPTH levels.
    """
    try:
        text = data.decode("utf-8-sig")  # a byte order mark may be ignored (RFC 8259, section 8.1)
        value = _STRICT.decode(text)
    except UnicodeDecodeError as exc:
        raise ValueError(f"The body is not UTF-8: byte {exc.start} cannot be read.") from None
    except JSONDecodeError as exc:
        raise ValueError(f"Not JSON: {exc}.") from None
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None
    # Both checks visit each value; a look at the text shows that most bodies need neither.
    if text.count("[") + text.count("{") > _MAX_BODY_DEPTH and _is_too_deep(value):
        raise ValueError("The JSON is nested too deeply.")
    if "\\u" in text and not is_unicode(text_of(value)):
        raise ValueError("A text holds half of a surrogate pair.")
    return value


def readings(word: str) -> list[Any]:
    """What a word may mean in JSON: 5 the text and the number."""
    try:
        value = loads_strict(word.encode())
    except ValueError:
        return [word]
    return [word] if isinstance(value, str | list | dict) else [word, value]


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        # Parsers differ in which of the two they keep: a proxy may have checked the other one (RFC 8259, 4).
        raise ValueError("A name stands twice in one object.")
    return made


def _parse_int(digits: str) -> int:
    # int() takes time that grows with the square of the digits.
    if len(digits) > MAX_DIGITS:
        raise ValueError("A number has too many digits.")
    return int(digits)


def _parse_float(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise ValueError(f"The number {digits:.40} is too large.")
    return number


def _is_too_deep(value: Any) -> bool:
    # Level by level: recursion would fail on the very values that this is to find.
    level = [value]
    for _ in range(_MAX_BODY_DEPTH + 1):
        lists = [x.values() if type(x) is dict else x for x in level if type(x) in (dict, list)]
        level = list(chain.from_iterable(lists))
    return bool(level)


_STRICT = JSONDecoder(
    object_pairs_hook=_reject_duplicates,
    parse_float=_parse_float,
    parse_int=_parse_int,
    parse_constant=refuse_constant,
)
