"""What the threads of workers do, as text: `flask jobs workers --threads`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ..errors import WorkerUnresponsive
from ..values import Worker
from .exit_codes import FAILED
from .group import runtime
from .output import echo_stderr, print_json, print_lines


def print_threads(workers: Sequence[Worker], as_json: bool) -> None:
    """Ask each worker and print its answer; exits with 1 where one is silent, which is named on stderr."""
    items, silent = [], False
    for worker in workers:
        try:
            items.append(runtime().status.threads(worker.id))
        except WorkerUnresponsive as error:
            echo_stderr(f"Error: {error}")
            silent = True
    if as_json and items:
        print_json({"items": items})
    elif items:
        print_lines(line for item in items for line in _lines(item))
    if silent:
        click.get_current_context().exit(FAILED)


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    yield f"worker {answer['worker']} at {answer['taken_at']}"
    for state in answer["items"]:
        yield ""
        yield f"{state['thread']}{_doing(state)}"
        yield from state["stack"]
    yield ""


def _doing(state: dict[str, Any]) -> str:
    if state["job_id"] is None:
        return ""
    words = [", beyond its timeout"] * state["overdue"] + [", stuck: the job was ended"] * state["stuck"]
    return f" runs job {state['job_id']} ({state['task']}) since {state['started_at']}{''.join(words)}"
