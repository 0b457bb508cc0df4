"""Redacts secrets in arguments and results wherever they are shown; tasks see them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import quote

from ..errors import InvalidArguments, pointer, problem

WORDS: Final = (
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "client secret",
    "token",
    "access token",
    "refresh token",
    "auth token",
    "jwt",
    "cookie",
    "authorization",
    "credential",
    "api key",
    "private key",
    "access key",
)
"""The secret words when JOBS_REDACT does not name others; of several the joined form counts too."""

REDACTED: Final = "[redacted]"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CACHED_LENGTH = 256
# Up to the last "@" of the authority: passwords that should have been escaped may hold one.
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s/?#:@]*):([^\s/?#]+)@")
_IN_URL: Final = f":{REDACTED}@"
_SHORTEST: Final = 4
_LONG: Final = 8


class Redactor:
    """Replaces secrets in JSON by "[redacted]": values of secret keys, and passwords within URLs.

    A key is secret when one of `words`, or its plural, stands in it as a whole word, in any case. Keys are
    split where letters, digits and other characters meet, and where camelCase begins a word: "api key" is
    found in `apiKey`, `X-API-Keys`, `old.api_key2` and `apikey`, "token" not in `tokenizer`. Immutable.
    """

    def __init__(self, words: Iterable[str] = WORDS) -> None:
        phrases = {tuple(_split(word)) for word in words} - {()}
        # "apikey" as well as "api key", "tokens" as well as "token".
        phrases |= {("".join(phrase),) for phrase in phrases}
        phrases |= {(*phrase[:-1], phrase[-1] + "s") for phrase in phrases}
        self._phrases = frozenset(phrases)
        self._lengths = sorted({len(phrase) for phrase in phrases})
        self._cached = lru_cache(maxsize=4096)(self._has_secret_word)

    def is_secret(self, key: str) -> bool:
        """Whether the value of `key` is redacted."""
        # Only short keys are cached: keys come from clients, and 4,096 long ones would fill the memory.
        return self._cached(key) if len(key) <= _CACHED_LENGTH else self._has_secret_word(key)

    def redact(self, value: Any) -> Any:
        """`value` with its secrets redacted; the same object where there are none."""
        # No copy without need: most arguments hold no secret, and this runs for each job of a list.
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, list):
            return self._list(value)
        # Both are found faster than the expression fails.
        if isinstance(value, str) and "://" in value and "@" in value and self._phrases:
            return _PASSWORD_IN_URL.sub(rf"\1{_IN_URL}", value)
        return value

    def hide(self, text: str, args: Any) -> str:
        """`text` without the secrets of `args`, and without passwords within URLs; see `hider`."""
        return self.hider(args)(text)

    def hider(self, args: Any) -> Callable[[str], str]:
        """A function that hides in texts the secrets of `args`, and passwords within URLs.

        Secrets are found as they stand, and as Python, JSON and URLs spell them; short ones (4 to 7
        characters) only as words of their own, and shorter ones not at all: they are found everywhere.
        """
        spellings: list[tuple[str, str]] = []
        for secret in sorted(set(self._secrets(args, False)), key=len, reverse=True):
            for spelt in {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")}:
                pattern = re.escape(spelt)
                word = pattern if len(secret) >= _LONG else rf"(?<![^\W_]){pattern}(?![^\W_])"
                spellings.append((spelt, word))

        def hide(text: str) -> str:
            for spelt, word in spellings:
                if spelt in text:
                    text = re.sub(word, REDACTED, text)
            return str(self.redact(text))

        return hide

    def restore(self, value: Any, stored: Any, where: str) -> Any:
        """`value` with what `redact` shows of `stored`, at the same places, as it is in `stored`.

        Raises InvalidArguments, with pointers below `where`, for "[redacted]" anywhere else.
        """
        wrong: list[str] = []
        restored = _restore(value, stored, self.redact(stored), where, wrong)
        if wrong:
            words = f'"{REDACTED}" stands for a value that is stored at this place, and there is none'
            raise InvalidArguments([problem(place, words) for place in wrong])
        return restored

    def _secrets(self, value: Any, is_secret: bool) -> Iterator[str]:
        """Each text and number in `value` that is redacted where it is shown, if long enough to hide."""
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._secrets(item, is_secret or self.is_secret(key))
        elif isinstance(value, list):
            for item in value:
                yield from self._secrets(item, is_secret)
        elif is_secret and value is not None and not isinstance(value, bool) and len(str(value)) >= _SHORTEST:
            yield str(value)
        elif isinstance(value, str) and self.redact(value) is not value:
            passwords = (found[2] for found in _PASSWORD_IN_URL.finditer(value))
            yield from (password for password in passwords if len(password) >= _SHORTEST)

    def _dict(self, value: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for key, item in value.items():
            new = REDACTED if self.is_secret(key) else self.redact(item)
            if new is not item:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _list(self, value: list[Any]) -> list[Any]:
        copy = [self.redact(item) for item in value]
        return copy if any(new is not old for new, old in zip(copy, value, strict=True)) else value

    def _has_secret_word(self, key: str) -> bool:
        words = _split(key)
        return any(
            tuple(words[start : start + length]) in self._phrases
            for length in self._lengths
            for start in range(len(words) - length + 1)
        )


@lru_cache(maxsize=32)
def redactor_of(words: tuple[str, ...] | None) -> Redactor:
    """`Redactor(words)`, one kept for each list of words; None is for WORDS."""
    return Redactor(WORDS if words is None else words)


def _restore(value: Any, stored: Any, shown: Any, where: str, wrong: list[str]) -> Any:
    if isinstance(value, str) and (value == REDACTED or _IN_URL in value):
        if value != shown:
            wrong.append(where)
        return stored
    if isinstance(value, dict):
        old, seen = (each if isinstance(each, dict) else {} for each in (stored, shown))
        return {
            key: _restore(item, old.get(key), seen.get(key), pointer(where, key), wrong)
            for key, item in value.items()
        }
    if isinstance(value, list):
        olds, seens = (each if isinstance(each, list) else [] for each in (stored, shown))
        return [
            _restore(item, old, seen, pointer(where, index), wrong)
            for index, (item, old, seen) in enumerate(zip_longest(value, olds, seens))
            if index < len(value)
        ]
    return value


def _split(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", text))]
