"""One job as it was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..options import SubmitOptions


@dataclass(frozen=True, slots=True)
class Submission:
    """A task's name, its arguments and the options of this job.

    `into` names the argument that takes the results of what the job depends on, when it runs.
    """

    task: str
    args: Mapping[str, Any]
    options: SubmitOptions
    into: str | None = None


@dataclass(frozen=True, slots=True)
class BatchSubmission:
    """Jobs that belong together, and those that wait for the end, and for the success, of all of them."""

    jobs: Sequence[Submission]
    on_done: Submission | None = None
    on_success: Submission | None = None
