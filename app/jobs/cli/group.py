"""The group `flask jobs`: finds the app's runtime, and puts errors into words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import click
from flask.cli import AppGroup

from .. import service
from ..checks import is_slug
from ..config import Settings
from ..current import current_runtime
from ..errors import InvalidArguments, JobNotFound, ScheduleNotFound, SimmerError
from ..ids import is_id
from ..process.servers import Serving
from ..serialization.text import is_storable
from .exit_codes import code_of
from .output import say


class JobsGroup(AppGroup):
    """Ends a command that raised one of the package's errors with clear lines and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed."""
        try:
            return super().invoke(ctx)
        except SimmerError as error:
            for line in _lines(error):
                say(f"Error: {line}")
            ctx.exit(code_of(error))


class Runtime(service.Runtime, Protocol):
    """What the commands see of the app's Flask-Simmer: the use cases, and the threads of this process."""

    settings_of_threads: Settings

    @property
    def is_running(self) -> bool:
        """Whether the threads of this process were started and have not ended."""

    def is_idle(self) -> bool:
        """Whether no job is left that they run or could claim."""

    def start(self, serving: Serving, **overrides: Any) -> None:
        """Start the threads, with settings of their own."""

    def stop(self, timeout: float | None = None) -> None:
        """Drain and end the threads."""


jobs_cli = JobsGroup("jobs", help="Background jobs: submit, watch, run.")


runtime: Final[Callable[[], Runtime]] = current_runtime
"""The runtime of the app that Flask found; raises NotReady where it has no Simmer."""


def job_id(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """An argument that is the id of a job; what cannot be one is as unknown as one that is not there."""
    if not is_id(text):
        raise JobNotFound(f"no job has the id {text!r}")
    return text


def schedule_id(_ctx: click.Context | None, _param: click.Parameter | None, text: str) -> str:
    """An argument that is the id of a schedule; what cannot be one is as unknown as one that is not there."""
    if not is_slug(text):
        raise ScheduleNotFound(f"no schedule has the id {text!r}")
    return text


def readable(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Words to look for in the database; bytes that are no text cannot be there, nor be asked for."""
    if not all(map(is_storable, words)):
        raise click.BadParameter("this is not UTF-8")
    return words


def _lines(error: SimmerError) -> list[str]:
    if isinstance(error, InvalidArguments):
        return [f"{place['pointer']}: {place['detail']}" for place in error.errors]
    return [str(error)]
