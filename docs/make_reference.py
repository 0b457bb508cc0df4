"""`make reference`: docs/reference.md, made from the signatures and docstrings of the package."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import app.jobs
from app.jobs import Job, JobList, Progress, Simmer, Task, errors, signals, values
from app.jobs.execution.current_job import CurrentJob
from app.jobs.testing import Testing

PATH: Final = Path(__file__).with_name("reference.md")
HEAD: Final = """# API reference

Every public name of the package with its signature and what it promises, made from the code by
`make reference`. How they are used is on the pages of each topic: [tasks](tasks.md),
[schedules](schedules.md), [limits](limits.md), [composition](composition.md), [testing](testing.md).
"""
VALUES: Final = tuple(
    value
    for value in (Job, JobList, Progress, *(getattr(values, name) for name in sorted(dir(values))))
    if isinstance(value, type)
    and value.__module__ in (Job.__module__, values.__name__)
    and value is not values.Value
)
_PACKAGE: Final = re.compile(r"\bapp\.jobs\.[\w.]*\.(\w+)")
_DEFAULT_OBJECT: Final = re.compile(r"<[^<>]* at 0x[0-9a-f]+>")


def reference() -> str:
    """The whole page."""
    sections = {
        "Simmer": _members(Simmer),
        "A task": _members(Task),
        "`current_job`": _members(CurrentJob),
        "`jobs.testing`": _members(Testing),
        "Values": _classes(dict.fromkeys(VALUES)),
        "Errors": _classes(_errors()),
        "Other names": _others(),
        "Signals": [f"`{name}`" for name in sorted(vars(signals)) if name.startswith(("job_", "schedule_"))],
    }
    parts = [f"## {title}\n\n" + "\n\n".join(entries) for title, entries in sections.items()]
    return "\n\n".join([HEAD.strip(), *parts]) + "\n"


def _members(cls: type[Any]) -> list[str]:
    """The class itself, and each of its public methods and properties, by name."""
    found = [_entry(f"`{_name(cls)}{_signature(cls)}`", inspect.getdoc(cls))]
    for name, member in inspect.getmembers(cls):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            found.append(_entry(f"`.{name}`", inspect.getdoc(member)))
        elif callable(member):
            found.append(_entry(f"`.{name}{_signature(member)}`", inspect.getdoc(member)))
    return found


def _classes(classes: Any) -> list[str]:
    return [_entry(f"`{cls.__name__}`", inspect.getdoc(cls)) for cls in classes]


def _others() -> list[str]:
    """What can be imported and stands in none of the other sections."""
    known = {Simmer, Task, *VALUES, *_errors()}
    found = []
    for name in app.jobs.__all__:
        value = getattr(app.jobs, name)
        if name != "current_job" and value not in known:
            found.append(_entry(f"`{name}{_signature(value)}`", inspect.getdoc(value)))
    return found


def _errors() -> list[type[Exception]]:
    return [
        value
        for name in app.jobs.__all__
        if isinstance(value := getattr(app.jobs, name), type) and value.__module__ == errors.__name__
    ]


def _entry(title: str, doc: str | None) -> str:
    return f"{title}\n\n{_quoted(doc or '')}"


def _quoted(doc: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in doc.splitlines())


def _name(cls: type[Any]) -> str:
    return "current_job" if cls is CurrentJob else "jobs.testing" if cls is Testing else cls.__name__


def _signature(found: Any) -> str:
    if found in (CurrentJob, Testing):
        return ""
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return ""
    shown = signature.replace(parameters=list(_without_self(signature)))
    text = _PACKAGE.sub(r"\1", str(shown)).replace("'", "").replace("typing.", "")
    return _DEFAULT_OBJECT.sub("…", text)


def _without_self(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    return (each for each in signature.parameters.values() if each.name != "self")


if __name__ == "__main__":
    PATH.write_text(reference(), encoding="utf-8")
    sys.exit(0)
