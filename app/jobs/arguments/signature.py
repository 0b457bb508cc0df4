"""Makes a marshmallow schema from the annotations of a function."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import sys
import typing
from collections.abc import Callable, Container, Mapping, Sequence
from enum import Enum, Flag
from types import NoneType, UnionType
from typing import Any, Final, Literal, NewType, NoReturn, Union, cast, get_args, get_origin

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, post_load

from ..errors import TaskDefinitionError
from ..serialization.encoding import to_json
from .fields import (
    Field,
    JsonChoice,
    JsonDict,
    JsonList,
    JsonObject,
    JsonScalar,
    JsonTuple,
    JsonUnion,
    load_each,
)
from .records import EMPTY, Member, is_dataclass, is_namedtuple, is_typeddict, members_of
from .scalars import scalar_of

_AS: Final = {Sequence: list, Mapping: dict}
"""What a task gets where its annotation only says what it does with it."""


class OpenSchema(Schema):
    """The schema of a function with **kwargs: additional arguments are loaded by `extra`."""

    def __init__(self, extra: Field) -> None:
        super().__init__(unknown=INCLUDE)
        self.extra = extra

    @post_load
    def load_extra(self, loaded: dict[str, Any], **options: Any) -> dict[str, Any]:
        further = [(name, value) for name, value in loaded.items() if name not in self.fields]
        return {**loaded, **load_each(self.extra, further)}


class _DataclassSchema(Schema):
    """The schema of the dataclass `kind`; `computed` are its fields with init=False."""

    def __init__(self, kind: type, computed: Container[str]) -> None:
        super().__init__(unknown=RAISE)
        self.kind, self.computed = kind, computed

    @post_load
    def make(self, loaded: dict[str, Any], **options: Any) -> Any:
        try:
            return self.kind(**{name: value for name, value in loaded.items() if name not in self.computed})
        except ValueError as exc:  # raised by a __post_init__ that validates
            raise ValidationError(str(exc)) from exc


def schema_of(function: Callable[..., Any]) -> Schema:
    """The schema of the keyword arguments of `function`. Raises TaskDefinitionError."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as exc:
        raise TaskDefinitionError(f"{name_of(function)}: its signature cannot be read; pass schema=") from exc
    members: dict[str, Field] = {}
    extra: Field | None = None
    known: dict[type, Schema | None] = {}
    for parameter in parameters:
        reader = _Reader(f"{name_of(function)}: parameter {parameter.name!r}", _namespace(function), known)
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            reader.refuse("is given by position, but a job names its arguments")
        field = reader.member(parameter.name, parameter.annotation, parameter.default)
        if parameter.kind is parameter.VAR_KEYWORD:
            extra = field
        else:
            members[parameter.name] = field
    if extra is None:
        return Schema.from_dict(members)(unknown=RAISE)
    return cast("type[OpenSchema]", OpenSchema.from_dict(members))(extra)


def schema_of_record(kind: type) -> Schema:
    """The schema of the members of a dataclass or a TypedDict. Raises TaskDefinitionError."""
    return _Reader(name_of(kind), {}, {}).record_schema(kind)


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Makes fields from annotations; `place` is for messages, `known` has the dataclasses so far."""

    place: str
    namespace: Mapping[str, Any]
    known: dict[type, Schema | None]

    def refuse(self, complaint: str) -> NoReturn:
        raise TaskDefinitionError(
            f"{self.place} {complaint}; change it, or pass schema= (a marshmallow Schema)"
        )

    def member(self, name: str, annotation: Any, default: Any = EMPTY) -> Field:
        """The field of a parameter, or of a field of a dataclass."""
        if name == "Meta":
            self.refuse("has a name that marshmallow keeps for itself")
        field = self.field(Any if annotation is EMPTY else self.resolve(annotation))
        field.required = default is EMPTY
        field.allow_none = field.allow_none or default is None
        # A default that is not JSON, such as a factory, is valid; it just cannot be shown.
        with contextlib.suppress(TypeError):
            field.metadata = {} if default is EMPTY else {"default": to_json(default)}
        return field

    def resolve(self, annotation: Any) -> Any:
        def holder() -> None: ...

        # One by one: an unresolvable annotation elsewhere, such as the result's, does not matter.
        holder.__annotations__ = {"it": annotation}
        try:
            return typing.get_type_hints(holder, dict(self.namespace))["it"]
        except Exception as exc:
            self.refuse(f"is annotated {annotation!r}, which cannot be resolved ({exc})")

    def field(self, annotation: Any) -> Field:
        origin, inner = get_origin(annotation), get_args(annotation)
        if origin in (Union, UnionType):
            return self.union(inner)
        if origin is Literal:
            return self.choice(annotation, [(value, value) for value in inner])
        kind = origin or annotation
        if kind in (list, dict, tuple, *_AS):
            return self.container(annotation, _AS.get(kind, kind), inner)
        if isinstance(annotation, NewType):
            return self.field(annotation.__supertype__)
        if isinstance(annotation, type) and origin is None:
            return self.named(annotation)
        return self.refuse_annotation(annotation)

    def refuse_annotation(self, annotation: Any) -> NoReturn:
        self.refuse(
            f"is annotated {annotation!r}, which is not understood (int, float, str, bool, None, list, dict,"
            " Sequence, Mapping, tuple, Union, Literal, Enum, date, time, datetime, timedelta, UUID, Decimal,"
            " TypedDict, NamedTuple and dataclasses are)"
        )

    def named(self, kind: type) -> Field:
        if (scalar := scalar_of(kind)) is not None:
            return JsonScalar(scalar)
        if issubclass(kind, Enum) and not issubclass(kind, Flag):
            return self.choice(kind, [(member.value, member) for member in kind])
        if is_namedtuple(kind):
            return self.namedtuple(kind)
        if is_dataclass(kind) or is_typeddict(kind):
            if kind not in self.known:
                self.known[kind] = None  # set before its members are read: it may contain itself
                self.known[kind] = self.record_schema(kind)
            return JsonObject(lambda: cast(Schema, self.known[kind]))
        self.refuse_annotation(kind)

    def union(self, kinds: tuple[Any, ...]) -> Field:
        members = [self.field(kind) for kind in kinds if kind is not NoneType]
        field = members[0] if len(members) == 1 else JsonUnion(members)
        field.allow_none = NoneType in kinds or field.allow_none
        return field

    def choice(self, annotation: Any, pairs: list[tuple[Any, Any]]) -> Field:
        try:
            return JsonChoice([(to_json(value), choice) for value, choice in pairs])
        except TypeError as exc:
            self.refuse(f"is annotated {annotation!r}, whose values JSON cannot hold ({exc})")

    def container(self, annotation: Any, kind: type, inner: tuple[Any, ...]) -> Field:
        if kind is list:
            return JsonList(self.field(inner[0] if inner else Any))
        if kind is dict and inner[:1] in ((), (str,)):
            return JsonDict(self.field(inner[1] if inner else Any))
        if kind is tuple and (not inner or inner[1:] == (...,)):
            return JsonList(self.field(inner[0] if inner else Any), tuple)
        if kind is tuple:
            return JsonTuple([self.member(f"item {at}", each) for at, each in enumerate(inner)])
        self.refuse_annotation(annotation)

    def record_schema(self, kind: type) -> Schema:
        members = self.members(kind)
        fields = {
            each.name: JsonScalar(Any) if each.computed else self.member_of(kind, each) for each in members
        }
        if is_typeddict(kind):
            return Schema.from_dict(fields)(unknown=RAISE)
        computed = [each.name for each in members if each.computed]
        return cast("type[_DataclassSchema]", _DataclassSchema.from_dict(fields))(kind, computed)

    def namedtuple(self, kind: type) -> Field:
        if kind in self.known:
            self.refuse(f"is the NamedTuple {kind.__name__}, which contains itself")
        self.known[kind] = None
        fields = []
        for each in self.members(kind):
            field = self.member_of(kind, each)
            field.metadata = {**field.metadata, "title": each.name}
            fields.append(field)
        del self.known[kind]
        return JsonTuple(fields, lambda values: kind(*values))

    def members(self, kind: type) -> list[Member]:
        try:
            return members_of(kind)
        except ValueError as complaint:
            what = "dataclass" if dataclasses.is_dataclass(kind) else "class"
            self.refuse(f"is the {what} {kind.__name__}, {complaint}")

    def member_of(self, kind: type, member: Member) -> Field:
        reader = dataclasses.replace(self, place=f"{self.place}, field {kind.__name__}.{member.name}")
        return reader.member(member.name, member.annotation, member.default)


def name_of(function: Callable[..., Any] | type) -> str:
    """Module and qualified name, for messages."""
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', repr(function))}"


def _namespace(function: Callable[..., Any]) -> dict[str, Any]:
    # Strings are resolved where the function was written, not where a decorator wrapped it.
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    module = sys.modules.get(str(getattr(function, "__module__", "")))
    return getattr(function, "__globals__", None) or (vars(module) if module else {})
