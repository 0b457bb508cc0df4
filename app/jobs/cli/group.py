"""The command group `flask jobs`: the app's runtime, common callbacks, and error messages."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol

import click
from flask.cli import AppGroup

from .. import service
from ..checks import QUEUE_NAME, is_slug
from ..config import Settings
from ..current import current_runtime
from ..errors import InvalidArguments, QueueNotFound, ScheduleNotFound, SimmerError
from ..process.servers import Serving
from ..serialization.text import is_storable
from .exit_codes import code_of
from .output import echo_stderr

MODULES: Final = {
    "batches": "batches",
    "cancel": "actions",
    "delete": "actions",
    "doctor": "doctor",
    "edit": "edit",
    "files": "files",
    "init-db": "jobs",
    "list": "jobs",
    "logs": "logs",
    "openapi": "openapi",
    "prune": "prune",
    "queues": "queues",
    "retry": "actions",
    "schedules": "schedules",
    "show": "jobs",
    "stats": "stats",
    "submit": "submit",
    "tasks": "tasks",
    "top": "top",
    "wait": "wait",
    "watch": "wait",
    "why": "why",
    "worker": "worker",
    "workers": "jobs",
}
"""Command → the module of this room that adds it to the group, imported when the command is used."""


class JobsGroup(AppGroup):
    """Ends a command that raised a SimmerError with its message on stderr and its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*self.commands, *MODULES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name in MODULES:
            import_module(f".{MODULES[cmd_name]}", __package__)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SimmerError as error:
            for line in _error_lines(error):
                echo_stderr(f"Error: {line}")
            ctx.exit(code_of(error))


class Runtime(service.Runtime, Protocol):
    """What the commands use of the app's runtime: the use cases, and the threads of this process."""

    worker_settings: Settings

    @property
    def is_running(self) -> bool:
        """Whether the threads of this process were started and have not ended."""

    def is_idle(self) -> bool:
        """Whether they run no job and could claim none."""

    def start(self, serving: Serving, **overrides: Any) -> None:
        """Start the threads, with settings of their own."""

    def stop(self, timeout: float | None = None) -> None:
        """Drain and end the threads."""


CALLER: Final = "command line"
"""In whose name the commands act."""

jobs_cli = JobsGroup("jobs", help="Background jobs: submit, watch, run.")


runtime: Final[Callable[[], Runtime]] = current_runtime
"""The runtime of the app that Flask found; raises NotReady where it has no Simmer."""


def schedule_id(_ctx: click.Context | None, _param: click.Parameter | None, text: str) -> str:
    """Click callback: the id of a schedule. Raises ScheduleNotFound for text that cannot be one."""
    if not is_slug(text):
        raise ScheduleNotFound(f"no schedule has the id {text!r}")
    return text


def queue_name(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """Click callback: the name of a queue. Raises QueueNotFound for text that cannot be one."""
    if not QUEUE_NAME.fullmatch(text):
        raise QueueNotFound(f"no queue has the name {text!r}")
    return text


def require_utf8(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Click callback: text that the database can be asked for. Raises click.BadParameter."""
    # Bytes that are not UTF-8 arrive as lone surrogates, which no driver encodes.
    if not all(map(is_storable, words)):
        raise click.BadParameter("this is not UTF-8")
    return words


def _error_lines(error: SimmerError) -> list[str]:
    if isinstance(error, InvalidArguments):
        return [f"{place['pointer']}: {place['detail']}" for place in error.errors]
    return [str(error)]
