"""What the tasks of an app store by `current_job`, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..clock import Clock
from ..run import Run
from ..store.parents import Results
from .files import FileStore
from .steps import Steps, StepStore


class Stores(NamedTuple):
    """The same for all runs; `max_result_bytes` and `sleeps` are as `Steps` takes them.

    `read_results` reads what those returned that a job depends on.
    """

    steps: StepStore
    files: FileStore
    max_result_bytes: int
    sleeps: bool
    read_results: Callable[[str], Results]

    def steps_of(self, run: Run, clock: Clock) -> Steps:
        """The steps of a run."""
        return Steps(run, self.steps, clock, self.max_result_bytes, self.sleeps)
