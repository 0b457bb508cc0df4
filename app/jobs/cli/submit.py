"""The command `submit`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import click

from ..options import OUTSIDE, Option, read_options
from ..serialization.presenter import present
from .arguments import read_pairs
from .group import jobs_cli, runtime
from .output import echo_stderr, json_option, print_json, redactor
from .triggers import Moment
from .wait import Seconds, follow, report

WAIT: Final = "--wait"
_KINDS: Final[Mapping[type, tuple[Any, str]]] = {
    int: (int, "NUMBER"), float: (float, "SECONDS"), str: (str, "TEXT"), datetime: (Moment(), "TIME"),
    dict: (str, "KEY=TEXT"),
}  # fmt: skip
_KNOWN: Final = {
    "existing": "Nothing was submitted: a job has this unique key.",
    "replaced": "The job that has this unique key was replaced.",
}


class SubmitCommand(click.Command):
    """Lets `--wait` stand alone before the task's name, which click would take for its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each `--wait` that no number follows the value that means for ever."""
        told = [
            f"{WAIT}={math.inf}" if word == WAIT and not _is_seconds(follower) else word
            for word, follower in zip(args, [*args[1:], ""], strict=False)
        ]
        return super().parse_args(ctx, told)


def _pairs(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> Any:
    """Click callback: the object that `key=text` and `key:=json` make; nothing where there is none."""
    return read_pairs(words, {}) if words else ()


def option_flags(options: Mapping[str, Option]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A flag for each option of a job; one that several values can be given for may be repeated."""

    def add_flags(command: Callable[..., None]) -> Callable[..., None]:
        for name, option in reversed(list(options.items())):
            command = _flag(name, option)(command)
        return command

    return add_flags


def _flag(name: str, option: Option) -> Callable[[Callable[..., None]], Callable[..., None]]:
    rule = option.rule
    is_many = rule.each is not None or rule.kind is dict
    flag = f"--{(option.flag or name).replace('_', '-')}"
    kind, metavar = _KINDS[rule.kind if rule.each is None else rule.each.kind]
    words = f"{option.help.replace('`', '')}{'; repeat for more.' if is_many else '.'}"
    read = _pairs if rule.kind is dict else None
    return click.option(flag, name, type=kind, metavar=metavar, multiple=is_many, help=words, callback=read)


@jobs_cli.command("submit", cls=SubmitCommand)
@click.argument("name")
@click.argument("pairs", nargs=-1, metavar="[KEY=TEXT | KEY:=JSON]...")
@option_flags(OUTSIDE)
@click.option(WAIT, type=Seconds(min=0), metavar="[SECONDS]", help="Wait for its end, and print its result.")
@json_option
@click.pass_context
def submit(
    ctx: click.Context,
    /,
    *,
    name: str,
    pairs: tuple[str, ...],
    wait: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Submit a job of the task NAME, and print its id.

    KEY=TEXT is a string, or what the task takes there: `a=1` is the number 1 for an integer. KEY:=JSON is
    JSON: `rows:=[1,2]`. With --wait its progress is shown on stderr, and its result printed; the exit code
    is 0 where it succeeded, 1 failed, 4 cancelled, and 124 where the SECONDS were over first.
    """
    run = runtime()
    args = read_pairs(pairs, run.registry.get(name).arguments.json_schema())
    given = {name: value for name, value in options.items() if value != ()}
    job, outcome = run.submissions.submit_or_find(name, args, read_options(given))
    if outcome != "stored":
        echo_stderr(_KNOWN[outcome])
    if wait is not None:
        echo_stderr(f"Submitted {job.id}")
        ctx.exit(report(follow(job, wait), as_json))
    elif as_json:
        print_json(present(job, redactor(run.settings)))
    else:
        click.echo(job.id)


def _is_seconds(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
