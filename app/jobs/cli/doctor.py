"""`flask jobs doctor`."""

from __future__ import annotations

from typing import Any, Final

import click

from ..service.doctor import examine
from .exit_codes import FAILED, OK
from .group import jobs_cli, runtime
from .output import json_option, print_json, print_lines

_SIGNS: Final = {"ok": "ok", "warning": "warning", "serious": "SERIOUS"}


@jobs_cli.command("doctor")
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check database, workers, schedules and settings, with a hint for all that is not as it should be.

    The exit code is 1 where something is serious: jobs do not run, are lost, or are open to others.
    """
    found: Any = runtime()
    findings = examine(found)
    if as_json:
        print_json({"items": [each.as_dict() for each in findings]})
    else:
        for each in findings:
            print_lines([f"{_SIGNS[each.level]:<8} {each.check}: {each.what}"])
            if each.hint:
                print_lines([f"{'':8} -> {each.hint}"])
    ctx.exit(FAILED if any(each.level == "serious" for each in findings) else OK)
