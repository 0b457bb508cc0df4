"""The group `flask jobs`: finds the app's runtime, and puts errors into words."""

from __future__ import annotations

from typing import Any, cast

import click
from flask import current_app
from flask.cli import AppGroup

from ..errors import InvalidArguments, JobNotFound, NotReady, ScheduleNotFound, SimmerError
from ..ids import is_id
from ..runtime import Runtime
from ..serialization.text import is_storable
from ..tasks.registry import SCHEDULE_ID
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


jobs_cli = JobsGroup("jobs", help="Background jobs: submit, watch, run.")


def runtime() -> Runtime:
    """The runtime of the app that Flask found; raises NotReady where it has no Simmer."""
    found = current_app.extensions.get("simmer")
    if found is None:
        raise NotReady(f"the app {current_app.name!r} has no Flask-Simmer: call jobs.init_app(app)")
    return cast(Runtime, found)


def job_id(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """An argument that is the id of a job; what cannot be one is as unknown as one that is not there."""
    if not is_id(text):
        raise JobNotFound(f"no job has the id {text!r}")
    return text


def schedule_id(_ctx: click.Context | None, _param: click.Parameter | None, text: str) -> str:
    """An argument that is the id of a schedule; what cannot be one is as unknown as one that is not there."""
    if not SCHEDULE_ID.fullmatch(text):
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
