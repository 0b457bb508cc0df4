"""Signatures of plain types alone: a schema can be made of each, so that it need not be made to know."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

PLAIN: Final = frozenset(
    {Any, NoneType, bool, int, float, str, list, dict, date, time, datetime, timedelta, UUID, Decimal}
)


def parameters_if_plain(function: Callable[..., Any]) -> Mapping[str, bool] | None:
    """The parameters by name: whether a value must be given; None where a schema might refuse one of them."""
    try:
        hints = get_type_hints(function)
        parameters = inspect.signature(function).parameters.values()
    except Exception:  # what cannot be resolved is refused where the schema is made, with its reason
        return None
    kinds = {each.kind for each in parameters}
    if kinds - {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}:
        return None
    names = [each.name for each in parameters]
    if "Meta" in names or not all(_is_plain(hints.get(name, Any)) for name in names):
        return None
    return {each.name: each.default is each.empty for each in parameters}


def _is_plain(kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType, list):
        return all(map(_is_plain, inner))
    if origin is dict:
        return inner[0] is str and _is_plain(inner[1])
    return origin is None and kind in PLAIN
