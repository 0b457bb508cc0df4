"""Strict marshmallow fields, each with its JSON Schema: no conversion from other JSON types."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from marshmallow import ValidationError, fields, missing

from .scalars import SCALARS

Field = fields.Field[Any]
JsonSchema = dict[str, Any]
Convert = Callable[[Field], JsonSchema]
"""Returns the JSON Schema of a field."""


class StrictField(Field):
    """The base class; `label` completes the message "Must be …"."""

    label: str

    def describe(self, convert: Convert) -> JsonSchema:
        """The JSON Schema of all but null; `convert` is for the fields inside."""
        raise NotImplementedError

    def refusal(self) -> ValidationError:
        """The error for a value that does not fit."""
        return ValidationError(f"Must be {self.label}.")

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """As marshmallow's, faster where the field has no hooks."""
        if value is missing or self.pre_load or self.post_load or (value is None and self.validators):
            return super().deserialize(value, attr, data, **kwargs)
        if value is None and self.allow_none:
            return None
        made = self._deserialize(value, attr, data)
        if self.validators:
            self._validate(made)
        return made


class JsonScalar(StrictField):
    """A value of one of SCALARS."""

    def __init__(self, kind: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.label, self.json_type, self.json_format, self._read = SCALARS[kind]

    def describe(self, convert: Convert) -> JsonSchema:
        known = {"type": self.json_type, "format": self.json_format}
        return {name: value for name, value in known.items() if value}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        try:
            read = self._read(value)
        except (ValueError, ArithmeticError):
            read = missing
        if read is missing:
            raise self.refusal()
        return read


class JsonChoice(StrictField):
    """One of `choices`, pairs of a JSON value and what it loads as, for Literal and Enum."""

    def __init__(self, choices: Iterable[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pairs = list(choices)
        self.values = [value for value, _ in pairs]
        self.choices = {_choice_key(value): choice for value, choice in reversed(pairs)}
        self.label = f"one of {', '.join(map(json.dumps, self.values))}"

    def describe(self, convert: Convert) -> JsonSchema:
        return {"enum": list(self.values)}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        try:
            return self.choices[_choice_key(value)]
        except KeyError:
            raise self.refusal() from None


class JsonUnion(StrictField):
    """The value as loaded by the first of `members` that accepts it."""

    def __init__(self, members: Sequence[Field], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.members = members
        self.label = " or ".join(getattr(member, "label", "other") for member in members)
        # 3 stays an int in `float | int`, and 3.0 a float in `int | float`.
        scalars = [member for member in members if isinstance(member, JsonScalar)]
        self._exact = {member.kind: member for member in scalars if member.kind in (int, float)}

    def describe(self, convert: Convert) -> JsonSchema:
        return {"anyOf": [convert(member) for member in self.members]}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if exact := self._exact.get(type(value)):
            return exact.deserialize(value)
        inside = []
        for member in self.members:
            try:
                return member.deserialize(value)
            except ValidationError as exc:
                inside += [exc] if isinstance(exc.messages, dict) else []
        # Where only one member takes lists or objects, its errors say more than "must be … or …".
        raise inside[0] if len(inside) == 1 else self.refusal()


class JsonList(StrictField):
    """A list of `inner`, loaded as `make`, such as `tuple`."""

    label = "a list"

    def __init__(self, inner: Field, make: Callable[[Iterable[Any]], Any] = list, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner, self._make = inner, make

    def describe(self, convert: Convert) -> JsonSchema:
        return {"type": "array", "items": convert(self.inner)}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if type(value) is not list:
            raise self.refusal()
        return self._make(load_each(self.inner, enumerate(value)).values())


class JsonTuple(StrictField):
    """A list of one value for each of `members`, the last of which may be left out, loaded by `make`."""

    def __init__(
        self, members: Sequence[Field], make: Callable[[Iterable[Any]], Any] = tuple, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.members, self._make = members, make
        self.least, self.most = sum(member.required for member in members), len(members)
        counts = f"{self.most}" if self.least == self.most else f"{self.least} to {self.most}"
        self.label = f"a list of {counts} items"

    def describe(self, convert: Convert) -> JsonSchema:
        return {
            "type": "array", "prefixItems": [convert(member) for member in self.members], "items": False,
            "minItems": self.least, "maxItems": self.most,
        }  # fmt: skip

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if type(value) is not list or not self.least <= len(value) <= self.most:
            raise self.refusal()
        loaded, failed = [], {}
        for at, (member, item) in enumerate(zip(self.members, value, strict=False)):
            try:
                loaded.append(member.deserialize(item))
            except ValidationError as exc:
                failed[at] = exc.messages
        if failed:
            raise ValidationError(failed)
        return self._make(loaded)


class JsonDict(StrictField):
    """An object with values of `inner`."""

    label = "an object"

    def __init__(self, inner: Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def describe(self, convert: Convert) -> JsonSchema:
        return {"type": "object", "additionalProperties": convert(self.inner)}

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise self.refusal()
        return load_each(self.inner, value.items())


class JsonObject(fields.Nested):
    """An object of a schema; a callable that returns it lets a schema contain itself."""

    label = "an object"

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if type(value) is not dict:
            raise ValidationError(f"Must be {self.label}.")
        return super()._deserialize(value, *rest, **kwargs)


def load_each(field: Field, items: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Load each (name, value) with `field`; raises one ValidationError for all invalid ones."""
    loaded, failed = {}, {}
    for name, value in items:
        try:
            loaded[name] = field.deserialize(value)
        except ValidationError as exc:
            failed[name] = exc.messages
    if failed:
        raise ValidationError(failed)
    return loaded


def _choice_key(value: Any) -> Any:
    # 1 and 1.0 are the same JSON, 1 and true are not.
    return (
        json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else (type(value) is bool, value)
    )
