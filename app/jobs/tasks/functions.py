"""Which functions can be tasks, where they stand, and whether one is another one seen again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any

from ..errors import TaskDefinitionError
from ..serialization.encoding import to_json


def own_name(function: Any) -> str:
    """The name of a task that is given none. Raises TaskDefinitionError where the function has none."""
    if callable(function) or isinstance(function, classmethod):
        if isinstance(name := getattr(function, "__name__", None), str):
            return name
        raise TaskDefinitionError(f'{function!r} has no name: give it one, jobs.task("name")(…)')
    raise TaskDefinitionError(f"{function!r} cannot be a task: put @jobs.task on a function")


def refusal(function: Any) -> str | None:
    """Why a job could not call it, as the words after "function"; None where it can."""
    if isinstance(function, classmethod | staticmethod) or _is_method(function):
        return "is a method, and a job has no object or class: put the task outside the class, and call it"
    if inspect.isclass(function):
        return "is a class: put the task on a function that uses it"
    if not callable(function):
        return "cannot be called"
    # The object as well as its __call__, which may be the coroutine function.
    for each in (function, function.__call__):
        if inspect.iscoroutinefunction(each):
            return (
                "is a coroutine function (async def), not supported yet: call it with asyncio.run in a task"
            )
        if inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each):
            return "is a generator function, whose body a call does not run: return a list in place of yield"
    return None


def place_of(function: Callable[..., Any]) -> str:
    """Module, name, file and line, for messages."""
    inner = inspect.unwrap(function)
    code = _code(function)
    name = f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', repr(inner))}"
    return f"{name} at {code.co_filename}:{code.co_firstlineno}" if code else name


def is_seen_again(old: Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Whether `new` is `old` after a reload of its module, or after its notebook cell was run again."""
    if old is new:
        return True
    if made_by_same_code(old, new) or not _is_outside_functions(new) or old.__module__ != new.__module__:
        return False
    # At a prompt and in a notebook each cell is a file of its own.
    if _has_no_file(old) and _has_no_file(new):
        return old.__qualname__ == new.__qualname__
    return is_same_place(old, new)


def made_by_same_code(old: Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Whether one definition made both, in a loop, a function or a decorator: a reload compiles it anew."""
    return _code(old) is not None and _code(old) is _code(new)


def is_same_place(old: Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Whether both stand at one place of one file."""
    first, second = _code(old), _code(new)
    if first is None or second is None:
        return False
    return (first.co_filename, first.co_firstlineno, first.co_qualname) == (
        second.co_filename, second.co_firstlineno, second.co_qualname,
    )  # fmt: skip


def _code(function: Callable[..., Any]) -> CodeType | None:
    """Of the function that decorators wrap: theirs is the same for all that they wrap."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _is_method(function: Any) -> bool:
    if inspect.ismethod(function):
        return True
    if not inspect.isfunction(function):
        return False
    return "." in function.__qualname__.rpartition("<locals>.")[2]


def _is_outside_functions(function: Callable[..., Any]) -> bool:
    code = _code(function)
    return code is not None and "<locals>" not in code.co_qualname


def _has_no_file(function: Callable[..., Any]) -> bool:
    return "__file__" not in getattr(inspect.unwrap(function), "__globals__", {})


def takes_argument(function: Callable[..., Any], schema: Any, name: str) -> bool:
    """Whether a task of the function, or with the marshmallow `schema`, takes that argument."""
    if schema is not None:
        # Imported here: most tasks have none, and marshmallow takes long to import.
        from marshmallow import Schema

        if isinstance(schema, type) and issubclass(schema, Schema):
            schema = schema()
        if isinstance(schema, Schema):
            return name in {field.data_key or own for own, field in schema.fields.items()}
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True  # some builtins do not tell their signature
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


def argument_default(function: Callable[..., Any], name: str) -> Any:
    """The default of the parameter of that name as JSON; None where it has none."""
    try:
        default = inspect.signature(function).parameters[name].default
        return None if default is inspect.Parameter.empty else to_json(default)
    except (KeyError, TypeError, ValueError):
        return None
