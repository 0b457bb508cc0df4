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
        is_plain = all(_takes_plain(each, hints.get(each.name, Any)) for each in parameters)
    except Exception:  # what cannot be read is refused where the schema is made, with its reason
        return None
    return {each.name: each.default is each.empty for each in parameters} if is_plain else None


def _takes_plain(parameter: inspect.Parameter, kind: Any) -> bool:
    is_named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    return is_named and parameter.name != "Meta" and _is_plain(kind)


def _is_plain(kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType, list):
        return all(map(_is_plain, inner))
    if origin is dict:
        return inner[0] is str and _is_plain(inner[1])
    return origin is None and kind in PLAIN
