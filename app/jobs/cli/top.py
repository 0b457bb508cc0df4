"""`flask jobs top`: the service on a screen that is redrawn."""

from __future__ import annotations

import time
from typing import Final

import click

from ..errors import DatabaseUnavailable
from .group import Runtime, jobs_cli, runtime
from .output import json_option, print_json, print_lines, printable, redactor
from .overview import Overview
from .screen import RESIZED, Screen, is_possible, screen

KEYS: Final = "q quits, p pauses"


@jobs_cli.command("top")
@click.option(
    "-i", "--interval", default=2.0, show_default=True, type=click.FloatRange(0.1, 3_600), metavar="SECONDS",
    help="Between two looks.",
)  # fmt: skip
@click.option("--once", is_flag=True, help="Print it once, as where there is no terminal.")
@json_option
def top(interval: float, once: bool, as_json: bool) -> None:
    """Show queues, running jobs, workers and the latest failures, again and again.

    On a terminal q quits and p pauses; elsewhere it is printed once.
    """
    run = runtime()
    if as_json:
        print_json(Overview.read(run).as_json(redactor(run.settings)))
    elif once or not is_possible():
        print_lines(line.rstrip() for line in Overview.read(run).lines())
    else:
        found = Overview.read(run)  # before the screen: what cannot be read is an error like any other
        try:
            with screen() as terminal:
                _Top(run, terminal, interval, found).run_until_quit()
        except KeyboardInterrupt:
            return


class _Top:
    """What is on the screen, and the keys."""

    def __init__(self, run: Runtime, terminal: Screen, interval: float, found: Overview) -> None:
        self._run, self._terminal, self._interval = run, terminal, interval
        self._shown, self._rates, self._problem = found, "", ""
        self._is_paused = False

    def run_until_quit(self) -> None:
        """Draw, and wait for a key or for the next look."""
        next_look = time.monotonic() + self._interval
        while True:
            self._draw()
            key = self._terminal.key(None if self._is_paused else max(0.0, next_look - time.monotonic()))
            if key in ("q", "Q"):
                return
            if key in ("p", "P", " "):
                self._is_paused = not self._is_paused
            elif key == RESIZED or self._is_paused or time.monotonic() < next_look:
                continue
            if not self._is_paused:
                self._look()
                next_look = time.monotonic() + self._interval

    def _look(self) -> None:
        try:
            found = Overview.read(self._run)
        except DatabaseUnavailable as error:  # it is asked again
            self._problem = str(error)
            return
        self._rates, self._problem = found.rates(self._shown), ""
        self._shown = found

    def _draw(self) -> None:
        size = self._terminal.size
        state = "PAUSED; " if self._is_paused else ""
        says = f"{state}{self._problem or self._rates or 'each ' + format(self._interval, 'g') + ' s'}"
        lines = self._shown.lines(size.columns, size.lines, f"{says}   ({KEYS})")
        self._terminal.draw(printable(line) for line in lines)
