"""What the package knows of one option of a task or a submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..checks import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the package knows of an option. `help` is a sentence without its full stop.

    `default` is that of the task; with None the task may say None as well. `stored` makes a column of the
    same name. An option of a submission is given over HTTP and by a flag too, unless `python_only`; `flag`
    is its name there where it is another. `excludes` are options that cannot stand beside it. `aliases` are
    what other libraries call it: they are never accepted, but answered with its name.
    """

    help: str
    rule: Rule
    default: Any = None
    stored: bool = False
    python_only: bool = False
    flag: str | None = None
    excludes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
