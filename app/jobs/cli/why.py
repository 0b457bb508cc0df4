"""`flask jobs why`: why a job waits, and about when it begins and ends."""

from __future__ import annotations

from datetime import datetime

import click

from ..job import Job
from ..serialization.presenter import present, present_explanation
from ..service.estimates import counted
from ..states import RUNNING
from ..values import Explanation
from .group import jobs_cli, runtime
from .output import json_option, print_fields, print_json, redactor
from .selection import find_id


@jobs_cli.command("why")
@click.argument("id")
@json_option
def why(id: str, as_json: bool) -> None:
    """Say why a job waits, and about when it begins and ends.

    ID may be the beginning of one that no other shares.
    """
    run = runtime()
    job = run.jobs.get(find_id(id))
    explanation = run.explanations.explain(job)
    if as_json:
        shown = present(job, redactor(run.settings))
        print_json({**shown, "explain": present_explanation(explanation)})
        return
    times = _times(explanation, run.clock.now())
    held_by = explanation.limit and explanation.limit.held_by
    print_fields(
        [(job.state, _headline(job, explanation)), ("held by", held_by or None), *times.items(),
         ("basis", explanation.basis)]
    )  # fmt: skip


def one_line(explanation: Explanation, now: datetime) -> str | None:
    """What holds the job and about when it begins and ends; None where nothing of it is known."""
    times = [f"{name} {words}" for name, words in _times(explanation, now).items()]
    return "; ".join([*filter(None, [explanation.detail]), *times]) or None


def _headline(job: Job, explanation: Explanation) -> str:
    if job.is_final:
        return "it has ended, and waits for nothing"
    if explanation.detail is not None:
        return explanation.detail
    return "it runs, and waits for nothing" if job.state == RUNNING else "nothing holds it"


def _times(explanation: Explanation, now: datetime) -> dict[str, str]:
    known = {"starts": explanation.starts_at, "ends": explanation.ends_at}
    return {
        name: f"about {moment:%Y-%m-%dT%H:%M:%SZ}, {_distance(moment, now)}"
        for name, moment in known.items()
        if moment is not None
    }


def _distance(moment: datetime, now: datetime) -> str:
    """In words: `in 3 minutes`."""
    seconds = (moment - now).total_seconds()
    if seconds < 1:
        return "now"
    units = {"day": 86_400, "hour": 3_600, "minute": 60}
    unit, size = next((each for each in units.items() if seconds >= 2 * each[1]), ("second", 1))
    return f"in {counted(round(seconds / size), unit)}"
