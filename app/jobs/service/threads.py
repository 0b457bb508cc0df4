"""The interface by which use cases notify the threads of this process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class LocalThreads(Protocol):
    """The dispatcher and the ticker of this process, if it has them."""

    def jobs_submitted(self, job_ids: Iterable[str]) -> None:
        """Jobs were committed."""

    def cancel_requested(self, job_id: str) -> None:
        """A running job was asked to stop."""

    def schedules_changed(self) -> None:
        """A schedule was stored, resumed or removed."""

    def limits_changed(self) -> None:
        """A queue or task was paused or resumed, or its limits were changed."""

    def problems(self) -> dict[str, str]:
        """Problems of the threads, by name; empty if there are none."""
