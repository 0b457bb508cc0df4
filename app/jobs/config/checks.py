"""What a setting may be: a check for each kind of value, which returns what is used, or raises ValueError.

Values may be text, as the environment has them.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from ..checks import Rule, find_zone, takes, text

RIGHTS: Final = ("read", "submit", "operate")
LEAST_TOKEN: Final = 8
"""Characters that a token has at least."""
LEAST_SECRET: Final = 16
"""Characters of a key with which something is signed."""
_NAME: Final = text(200)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_ORIGIN: Final = re.compile(
    r"(?!http:.*:80$|https:.*:443$)[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)


def as_boolean(value: Any) -> bool:
    """True, false, 1, 0, yes, no in any case; anything else is a ValueError."""
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    answer = words.get(str(value).strip().lower())
    if answer is None:
        raise ValueError("say true or false")
    return answer


def one_of(*words: str) -> Callable[[Any], str]:
    """One of these words."""

    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"choose one of {', '.join(words)}")
        return str(value)

    return check


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A whole number within the bounds, both included."""

    def check(value: Any) -> int:
        number = _number(value)
        if number != int(number) or not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(number)

    return check


def seconds(least: float, most: float) -> Callable[[Any], float]:
    """A number of seconds within the bounds, both included."""

    def check(value: Any) -> float:
        number = _number(value)
        if not least <= number <= most:
            raise ValueError(f"must be a number of seconds from {least:g} to {most:g}")
        return number

    return check


def _number(value: Any) -> float:
    try:
        # float(): the environment gives text. True would be 1, and is a mistake.
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("must be a number")
    return number


def _is_none(value: Any) -> bool:
    # Text too: FLASK_JOBS_API_PREFIX=none is the only way to say None in the environment.
    return value is None or (isinstance(value, str) and value.strip().lower() in ("none", "null", ""))


def optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """None, or what `check` lets pass."""
    return lambda value: None if _is_none(value) else check(value)


def names(value: Any) -> tuple[str, ...]:
    """Names, as a list or with commas between them."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Iterable):
        raise ValueError("must be a list of names, or None")
    found = tuple(str(item).strip() for item in items)
    if not found or not all(found):
        raise ValueError("must be a list of names that are not empty, or None")
    return found


def fits(rule: Rule) -> Callable[[Any], Any]:
    """What satisfies the rule."""

    def check(value: Any) -> Any:
        for _, words in rule.problems(value):
            raise ValueError(words)
        return value

    return check


def folder(value: Any) -> str:
    """The path of a folder, the URL of one that fsspec knows, or "database"."""
    path = str(value) if isinstance(value, str | PurePath) else ""
    if not path or "\0" in path:
        raise ValueError('must be the path or the URL of a folder, or "database"')
    if "://" in path:
        _check_url(*path.split("://", 1))
    return path


def _check_url(scheme: str, rest: str) -> None:
    try:
        from fsspec import get_filesystem_class
    except ImportError:
        raise ValueError("for a URL install fsspec: pip install 'Flask-Simmer[files]'") from None
    try:
        get_filesystem_class(scheme.partition("::")[0])
    except (ImportError, ValueError) as error:  # the package of the driver is missing; no such driver
        raise ValueError(f"fsspec says: {error}") from None
    if not scheme or not rest.strip("/") or (scheme == "file" and not rest.startswith("/")):
        raise ValueError(
            "must name a folder or bucket after ://, of file:// by its whole path (file:///srv/files)"
        )


def zone(value: Any) -> str:
    """The IANA name of a time zone, or what has such a key."""
    name = str(getattr(value, "key", value))
    if find_zone(name) is None:
        raise ValueError("must be the IANA name of a time zone, such as Europe/Helsinki")
    return name


def prefix(value: Any) -> str:
    """The beginning of the paths of routes."""
    path = str(value)
    if not path.startswith("/") or path.endswith("/") or len(path) < 2:
        raise ValueError("must start with / and not end with one, or be None to switch the routes off")
    return path


def secret(value: Any) -> str:
    """A key that nobody guesses."""
    if not (isinstance(value, str) and len(value) >= LEAST_SECRET and value.isascii()):
        raise ValueError(f"must be a text of at least {LEAST_SECRET} random ASCII characters")
    return value


class TokenHolder(NamedTuple):
    """Whoever sends a token: the rights, and the name that is shown of who did something."""

    rights: tuple[str, ...]
    name: str | None = None


def tokens(value: Any) -> Mapping[str, TokenHolder]:
    """Who holds each token: a list of rights, or a dict with a name and the rights."""
    if not isinstance(value, Mapping):
        raise ValueError(
            'must be a dict such as {"<token>": ["read", "submit"]}'
            ' or {"<token>": {"name": "ada", "rights": ["operate"]}}'
        )
    entries = zip(range(1, len(value) + 1), value.items(), strict=True)
    if found := [words for number, entry in entries for words in _token_problems(number, *entry)]:
        raise ValueError("; ".join(found))
    return {
        token: TokenHolder(tuple(held["rights"]), held["name"])
        if isinstance(held, Mapping)
        else TokenHolder(tuple(held))
        for token, held in value.items()
    }


def _token_problems(number: int, token: Any, held: Any) -> Iterator[str]:
    """What is wrong with an entry, named by its place: a log must not show a token."""
    entry = f"{_ORDINALS[number - 1]} token" if number <= len(_ORDINALS) else f"token {number}"
    if not isinstance(token, str) or len(token) < LEAST_TOKEN or not token.isascii():
        yield f"{entry}: must be a string of at least {LEAST_TOKEN} ASCII characters"
    rights = held
    if isinstance(held, Mapping):
        if set(held) != {"name", "rights"}:
            yield f'{entry}: in place of a list of rights say {{"name": …, "rights": […]}}, both and no more'
            return
        rights = held["rights"]
        yield from (f"{entry}: its name {words}" for _, words in _NAME.problems(held["name"]))
    known = f"its rights are a list of {', '.join(RIGHTS)}"
    if (
        isinstance(rights, str | bytes | Mapping)
        or not isinstance(rights, Iterable)
        or not (given := list(rights))
    ):
        yield f"{entry}: {known}"
        return
    for right in given:
        if right not in RIGHTS:
            # What is as long as a token may be one, in the wrong place.
            shown = f"right {right!r} is" if len(str(right)) < LEAST_TOKEN else "one of its rights is"
            yield f"{entry}, {shown} unknown: {known}"


def origins(value: Any) -> tuple[str, ...]:
    """Origins of pages, as browsers send them."""
    found = names(value)
    for origin in found:
        # As browsers send it, which is compared: else an origin that is listed would never be let in.
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} must be one origin as browsers send it, such as https://app.example.com:8443:"
                " lower case, no path, no default port, no *"
            )
    return found


def function(value: Any) -> Callable[..., Any]:
    """What can be asked whether a request has a right, in two parameters or with its job in three."""
    if not callable(value):
        raise TypeError("must be a callable (request, right) -> bool, or (request, right, job) -> bool")
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__):
        raise TypeError("must not be async: what it returns unawaited would let everybody in")
    if not (takes(2, value) or takes(3, value)):
        raise TypeError("must take (request, right) or (request, right, job), and nothing else")
    return value  # type: ignore[no-any-return]
