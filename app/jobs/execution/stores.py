"""What the tasks of an app store by `current_job`, and where."""

from __future__ import annotations

from typing import NamedTuple

from ..clock import Clock
from ..run import Run
from .files import FileStore
from .steps import Steps, StepStore


class Stores(NamedTuple):
    """The same for all runs; `max_result_bytes` and `sleeps` are as `Steps` takes them."""

    steps: StepStore
    files: FileStore
    max_result_bytes: int
    sleeps: bool

    def steps_of(self, run: Run, clock: Clock) -> Steps:
        """The steps of a run."""
        return Steps(run, self.steps, clock, self.max_result_bytes, self.sleeps)
