"""Redacts secrets in arguments and results wherever they are shown; tasks see them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

WORDS: Final = (
    "password",
    "passwd",
    "secret",
    "token",
    "authorization",
    "credential",
    "credentials",
    "api key",
    "private key",
    "access key",
)
"""The secret words when JOBS_REDACT does not name others."""

REDACTED: Final = "[redacted]"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CACHED_LENGTH = 256


class Redactor:
    """Replaces the values of secret keys in JSON by "[redacted]"; immutable, for any thread.

    A key is secret when one of `words` stands in it as a whole word, in any case. Keys are split where
    letters, digits and other characters meet, and where camelCase begins a word: "api key" is found in
    `apiKey`, `X-API-Key`, `old.api_key2` and `apikey`, "token" neither in `tokens` nor in `tokenizer`.
    """

    def __init__(self, words: Iterable[str] = WORDS) -> None:
        phrases = {tuple(_split(word)) for word in words} - {()}
        # "apikey" as well as "api key".
        phrases |= {("".join(phrase),) for phrase in phrases}
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
        return value

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


def _split(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", text))]
