"""What the use cases tell the threads of their process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class LocalThreads(Protocol):
    """The worker and the ticker of this process, where it has them."""

    def jobs_submitted(self, job_ids: Iterable[str]) -> None:
        """Jobs were committed."""

    def cancel_requested(self, job_id: str) -> None:
        """A running job was asked to stop."""

    def schedules_changed(self) -> None:
        """A schedule was stored, resumed or removed."""

    def problems(self) -> dict[str, str]:
        """What is wrong with the threads, by name; empty where all is well."""
