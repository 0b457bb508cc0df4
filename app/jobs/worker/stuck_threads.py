"""The runs of a worker that were ended while their threads go on."""

from __future__ import annotations

from ..process.logs import get_logger
from ..run import Outcome, Run

log = get_logger(__name__)


class StuckThreads:
    """Changed by the dispatcher's thread alone; for as many as the worker has threads there are replacements.

    `version` grows with each change.
    """

    def __init__(self, replacements: int) -> None:
        self._replacements = replacements
        self._runs: dict[tuple[str, int], Run] = {}
        self.version = 0
        self.unreplaced = 0
        """How many threads the worker has less, since no more are replaced."""

    @property
    def runs(self) -> list[Run]:
        """The runs, the oldest first. From any thread."""
        return list(self._runs.values())

    def add(self, run: Run) -> None:
        """The run was ended, and its thread was not."""
        self._runs[run.key] = run
        self._has_changed()

    def end(self, run: Run, outcome: Outcome) -> None:
        """The other end of a run that has ended: that of its thread, if it was stuck."""
        # Else its thread was faster than whoever took it for stuck, and what it did counts.
        if self._runs.pop(run.key, None) is not None:
            log.warning(
                "job %s (%s): the stuck thread of run %d has ended at last, its outcome (%s) was refused",
                run.job_id, run.task, run.number, outcome.kind,
            )  # fmt: skip
            self._has_changed()

    def _has_changed(self) -> None:
        self.version += 1
        self.unreplaced = max(0, len(self._runs) - self._replacements)
