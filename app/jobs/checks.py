"""Checks of plain values that several rooms make: numbers, durations, names; and rules with their words."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TEN_YEARS: Final = 3_653 * 86_400.0
"""Seconds: the longest delay, timeout, backoff, interval, grace and retention that is accepted."""
TASK_NAME: Final = re.compile(r"[A-Za-z0-9_.:<>-]{1,200}")
QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SLUG: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}")  # "." and ".." change the path of a URL
SLUG_IN_JSON: Final = r"^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$"
"""SLUG as JSON Schema has it, whose expressions are those of ECMAScript."""
SLUG_RULE: Final = "1 to 64 letters, digits and . _ -, and neither . nor .."
"""What SLUG takes, in words."""
MOST_OF_A_URL: Final = 2_000
_URL: Final = re.compile(r"https?://[a-z0-9._~:/?@!$&'()*+,;=%\[\]-]+", re.IGNORECASE)
"""The characters of RFC 3986, section 2, without "#"."""
MUST_BE_MAPPING: Final = 'must be a mapping of arguments by name, such as {"month": "2030-01"}'
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,3}")
_NO_ZONES: Final = re.compile(r"(posix|right)/.*|posixrules|localtime|Factory")
"""Files of a zone database that differ between machines, or that count leap seconds."""


def is_number(value: Any) -> bool:
    """Whether `value` is a finite int or float; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def is_whole(value: Any, least: int, most: int) -> bool:
    """Whether `value` is an int, and no boolean, within the bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_seconds(value: Any, most: float = TEN_YEARS) -> bool:
    """Whether `value` is a number of seconds from 0 to `most`."""
    return is_number(value) and 0 <= value <= most


def is_slug(value: Any) -> bool:
    """Whether `value` can be the id of a schedule."""
    return isinstance(value, str) and SLUG.fullmatch(value) is not None


def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name, None where there is none."""
    if len(name) <= 64 and _ZONE.fullmatch(name) and not _NO_ZONES.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # the others: a folder, or no zone file
            pass
    return None


def is_near_time(value: Any) -> bool:
    """Whether `value` is an aware datetime within ten years from now."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return False
    return abs((value - datetime.now(value.tzinfo)).total_seconds()) <= TEN_YEARS


def takes(count: int, function: Any) -> bool:
    """Whether `function` can be called with so many arguments, as far as it tells."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True  # some builtins do not tell their signature
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be. `words` complete "must be …", `kind` is its type in Python.

    `size` is the most characters of a text; `each` is the rule of the items of a tuple; `keywords` say it in
    JSON Schema, as far as that can.
    """

    kind: type
    words: str
    fits: Callable[[Any], bool]
    size: int | None = None
    each: Rule | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def problems(self, value: Any) -> Sequence[tuple[tuple[int, ...], str]]:
        """Each place at or below `value` that does not fit, with what it must be."""
        if not self.fits(value):
            return [((), f"must be {self.words}")]
        if self.each is None:
            return ()
        return [((at,), words) for at, item in enumerate(value) for _, words in self.each.problems(item)]


def whole(least: int, most: int) -> Rule:
    """The rule of an int within the bounds."""
    return Rule(
        int,
        f"a whole number from {least:,} to {most:,}",
        lambda value: is_whole(value, least, most),
        keywords={"minimum": least, "maximum": most},
    )


def text(most: int) -> Rule:
    """The rule of a text that a database can store and a line can show."""
    return Rule(
        str,
        f"a text of 1 to {most} printable characters",
        lambda value: isinstance(value, str) and 0 < len(value) <= most and value.isprintable(),
        most,
        keywords={"minLength": 1, "maxLength": most},
    )


def matching(pattern: re.Pattern[str], words: str, size: int) -> Rule:
    """The rule of a text that `pattern` matches as a whole."""
    return Rule(
        str,
        words,
        lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None,
        size,
        keywords={"pattern": f"^(?:{pattern.pattern})$"},
    )


def one_of(*choices: str) -> Rule:
    """The rule of one of these words."""
    return Rule(
        str,
        f"one of {', '.join(choices)}",
        lambda value: value in choices,
        max(map(len, choices)),
        keywords={"enum": list(choices)},
    )


def _is_http_url(value: Any) -> bool:
    if not (isinstance(value, str) and len(value) <= MOST_OF_A_URL and _URL.fullmatch(value)):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # a port beyond 65535, or half a literal of IPv6
        return False


def json_text(value: Any) -> str:
    """`value` as compact JSON, not escaped to ASCII; raises TypeError or ValueError for what JSON has not."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_object(most: int) -> Rule:
    """The rule of a JSON object of up to `most` bytes."""

    def fits(value: Any) -> bool:
        try:
            return isinstance(value, dict) and len(json_text(value).encode()) <= most
        except (TypeError, ValueError, RecursionError):  # ValueError: also for half of a surrogate pair
            return False

    return Rule(dict, f"a JSON object of at most {most:,} bytes", fits)


def several(each: Rule, most: int, words: str) -> Rule:
    """The rule of a tuple of up to `most` items."""
    return Rule(
        tuple,
        words,
        lambda value: isinstance(value, tuple) and len(value) <= most,
        each=each,
        keywords={"maxItems": most},
    )


SECONDS: Final = Rule(
    float, "a number of seconds from 0 to ten years", is_seconds,
    keywords={"minimum": 0, "maximum": TEN_YEARS},
)  # fmt: skip
POSITIVE_SECONDS: Final = Rule(
    float, "a positive number of seconds, ten years at most", lambda value: is_seconds(value) and value > 0,
    keywords={"exclusiveMinimum": 0, "maximum": TEN_YEARS},
)  # fmt: skip
HTTP_URL: Final = Rule(
    str,
    f"an http or https URL of up to {MOST_OF_A_URL:,} ASCII characters, without user, password and fragment",
    _is_http_url,
    MOST_OF_A_URL,
    keywords={"format": "uri", "maxLength": MOST_OF_A_URL},
)
NEAR_TIME: Final = Rule(datetime, "a time with a time zone, within ten years from now", is_near_time)
