"""Which jobs of a task are one: the key that its `unique` makes of the arguments."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..checks import text
from ..errors import InvalidArguments, TaskDefinitionError, problem
from ..options import Unique
from ..serialization.encoding import to_json

if TYPE_CHECKING:
    from ..arguments.check import Arguments

_KEY: Final = text(255)


class Uniqueness:
    """The `unique` of one task; immutable, for any thread."""

    def __init__(self, unique: Unique, function: Callable[..., Any], arguments: Arguments) -> None:
        """Raises TaskDefinitionError for names of arguments that the task does not take."""
        self._function = unique if callable(unique) else None
        self._names = (unique,) if isinstance(unique, str) else unique if isinstance(unique, tuple) else None
        if unknown := [name for name in self._names or () if not arguments.takes(name)]:
            raise TaskDefinitionError(f"unique names an argument that the task does not take: {unknown[0]!r}")
        self._defaults = _defaults(function)

    def key(self, args: str, where: str) -> str | None:
        """The key of a job with these arguments, which are JSON text; None where it is not unique.

        Raises InvalidArguments where the task's own callable makes no key of them.
        """
        # 3.0 is 3 where a number is meant, and what is not given is as the function has it.
        given = self._defaults | json.loads(args, parse_float=_whole_or_float)
        if self._function is not None:
            return self._call(self._function, given, where)
        names = sorted(given) if self._names is None else self._names
        # A digest: arguments may be long, and secrets among them must not be shown.
        text = json.dumps([[name, given.get(name)] for name in names], sort_keys=True)
        return f"args:{hashlib.sha256(text.encode()).hexdigest()}"

    def _call(
        self, function: Callable[[Mapping[str, Any]], Any], args: dict[str, Any], where: str
    ) -> str | None:
        try:
            key = function(args)
        except Exception as error:
            raise InvalidArguments(
                [problem(f"{where}/args", f"unique= of the task raised {error!r}")]
            ) from error
        if key is not None and _KEY.problems(key):
            words = f"unique= of the task must return {_KEY.words} or None, and returned {key!r:.100}"
            raise InvalidArguments([problem(f"{where}/args", words)])
        found: str | None = key
        return found


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """The defaults of the function's parameters, as JSON; others are no part of a key."""
    found: dict[str, Any] = {}
    with contextlib.suppress(TypeError, ValueError):  # a signature that cannot be read
        for name, parameter in inspect.signature(function).parameters.items():
            with contextlib.suppress(TypeError):
                if parameter.default is not parameter.empty:
                    found[name] = to_json(parameter.default)
    return found


def _whole_or_float(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
