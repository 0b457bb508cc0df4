"""The members of dataclasses, TypedDicts and NamedTuples, by their names and annotations."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from typing import Annotated, Any, Final, NamedTuple, NotRequired, Required, get_args, get_origin

from ..serialization.encoding import is_mapped

EMPTY: Final = inspect.Parameter.empty
"""The default of a member that must be given."""
LEFT_OUT: Final = object()
"""The default of a member of a TypedDict that need not be there."""

_MARKS: Final = (Annotated, Required, NotRequired, getattr(typing, "ReadOnly", Required))


class Member(NamedTuple):
    """One member. `computed`: the class makes its value, and what is given is ignored."""

    name: str
    annotation: Any
    default: Any = EMPTY
    computed: bool = False


def is_dataclass(kind: type) -> bool:
    """Whether it is a dataclass; one that SQLAlchemy maps is none."""
    return dataclasses.is_dataclass(kind) and not is_mapped(kind)


def is_typeddict(kind: type) -> bool:
    """Whether it is a TypedDict, that of typing_extensions too."""
    return issubclass(kind, dict) and hasattr(kind, "__required_keys__")


def is_namedtuple(kind: type) -> bool:
    """Whether it is a NamedTuple or a namedtuple of collections."""
    return issubclass(kind, tuple) and hasattr(kind, "_field_defaults")


def members_of(kind: type) -> list[Member]:
    """Its members in their order. Raises ValueError with a complaint, such as "whose InitVar …"."""
    try:
        hints = typing.get_type_hints(kind)
        extras = typing.get_type_hints(kind, include_extras=True)
    except Exception as exc:
        raise ValueError(f"whose annotations cannot be resolved ({exc})") from exc
    if is_namedtuple(kind):
        defaults = kind._field_defaults  # type: ignore[attr-defined]
        names = kind._fields  # type: ignore[attr-defined]
        return [Member(name, hints.get(name, Any), defaults.get(name, EMPTY)) for name in names]
    if is_typeddict(kind):
        required = kind.__required_keys__  # type: ignore[attr-defined]
        return [
            Member(name, hint, EMPTY if _is_required(extras[name], name in required) else LEFT_OUT)
            for name, hint in hints.items()
        ]
    if any(isinstance(hint, dataclasses.InitVar) for hint in hints.values()):
        raise ValueError("whose InitVar cannot be read back from it")
    fields = dataclasses.fields(kind)
    return [Member(each.name, hints[each.name], _default(each), not each.init) for each in fields]


def _is_required(hint: Any, otherwise: bool) -> bool:
    # __required_keys__ overlooks both marks where annotations are strings.
    while (origin := get_origin(hint)) in (
        Annotated,
        Required,
        NotRequired,
        getattr(typing, "ReadOnly", Any),
    ):
        if origin in (Required, NotRequired):
            return origin is Required
        hint = get_args(hint)[0]
    return otherwise


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default is not dataclasses.MISSING:
        return item.default
    return EMPTY if item.default_factory is dataclasses.MISSING else item.default_factory
