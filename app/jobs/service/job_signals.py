"""The signals of jobs: which event is which signal, and the job as it is then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from blinker import NamedSignal

from .. import signals
from ..database.database import Database
from ..errors import SimmerError
from ..execution.receivers import Receivers
from ..process.logs import get_logger
from ..run import Run
from ..states import OVERRAN
from ..store import queries
from ..store.completion import Completed
from ..store.new_jobs import NewJob
from ..store.snapshots import as_submitted

log = get_logger(__name__)
_OF_EVENTS: Final[Mapping[str, NamedSignal]] = {
    "succeeded": signals.job_succeeded, "failed": signals.job_failed, "retrying": signals.job_retrying,
    "cancelled": signals.job_cancelled, "rescued": signals.job_rescued, OVERRAN: signals.job_overran,
}  # fmt: skip
READ_AT_ONCE: Final = 500


class JobSignals:
    """Sends them in the calling thread, after the commit. Where nobody listens nothing is read."""

    def __init__(self, receivers: Receivers, database: Database) -> None:
        self._receivers, self._database = receivers, database

    def submitted(self, made: Sequence[NewJob]) -> None:
        """The jobs were stored."""
        if self._receivers.are_there(signals.job_submitted):
            for new in made:
                self._receivers.send(signals.job_submitted, job=as_submitted(new))

    def started(self, run: Run) -> None:
        """The run is about to call its task."""
        if self._receivers.are_there(signals.job_started):
            self._send([(signals.job_started, run.job_id)])

    def ended(self, ended: Collection[Run], completed: Completed) -> None:
        """The runs in `completed` have ended."""
        if any(signal.receivers for signal in _OF_EVENTS.values()):
            ours = [run for run in ended if run.key in completed]
            late = {run.key for run in ours if run.overrun}
            of_runs = (
                (verb, run.job_id)
                for run in ours
                for verb in ((OVERRAN,) if run.key in late else ()) + (completed[run.key],)
            )
            self.happened(chain(of_runs, (("cancelled", job_id) for job_id in completed.followers)))

    def happened(self, events: Iterable[tuple[str, str]]) -> None:
        """These events (type, job) were stored; those that are no signal are passed over."""
        heard = {verb for verb, signal in _OF_EVENTS.items() if self._receivers.are_there(signal)}
        if heard:
            self._send([(_OF_EVENTS[verb], job_id) for verb, job_id in events if verb in heard])

    def _send(self, wanted: Sequence[tuple[NamedSignal, str]]) -> None:
        for start in range(0, len(wanted), READ_AT_ONCE):
            part = wanted[start : start + READ_AT_ONCE]
            try:
                with self._database.read() as conn:
                    jobs = queries.jobs_by_id(conn, [job_id for _, job_id in part])
            except SimmerError as error:  # what happened is stored, whatever becomes of this
                log.warning("%d signals are not sent: %s", len(part), error)
                continue
            for signal, job_id in part:
                if job_id in jobs:  # deleted meanwhile
                    self._receivers.send(signal, job=jobs[job_id])
