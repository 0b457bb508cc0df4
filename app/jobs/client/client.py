"""SimmerClient: the API as methods."""

from __future__ import annotations

import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Unpack
from urllib.parse import urlencode

from ..errors import JobNotFound
from ..job import Job, JobFilterWords
from ..serialization.encoding import text_of
from ..values import Batch, LogPage, Schedule, StreamEvent
from .answer import Answer
from .errors import error_of, read
from .requests import path_of, query_of, quoted_key, submission_of
from .streams import Stream
from .transport import Transport
from .values import (
    SubmittedBatch,
    ids_of,
    read_batch,
    read_job,
    read_log_page,
    read_page,
    read_schedule,
)  # fmt: skip

if TYPE_CHECKING:
    from ..options import RequestOptions

LONGEST_WAIT: Final = 20.0
"""Seconds that one request of `wait` waits: less than JOBS_MAX_WAIT is by default."""
PAGE: Final = 100


class SimmerClient:
    """Submits jobs and follows them over HTTP; for any number of threads, and without Flask.

    `url` is the address of the API, such as `https://jobs.example.com/api/v1`; of a server alone it is
    `/api/v1` there. `timeout` is the most seconds of one try of a request, `retry_for` how long one is
    repeated after a lost connection and a 503 (with growing pauses, or as Retry-After says); 0 repeats none.
    Methods raise ApiError for a refused request, as JobNotFound, InvalidArguments, QueueFull and others where
    the package has an exception of that meaning, and ServerUnreachable where there is no answer.
    """

    def __init__(
        self, url: str, token: str | None = None, *, timeout: float = 10.0, retry_for: float = 30.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._transport = Transport(url, token, timeout, retry_for, ssl_context)
        weakref.finalize(self, self._transport.close)

    def __enter__(self) -> SimmerClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept; the client can be used on."""
        self._transport.close()

    # --- jobs -----------------------------------------------------------------------------------------

    def submit(
        self, task: str, args: Mapping[str, Any] | None = None, *, idempotency_key: str | None = None,
        **options: Unpack[RequestOptions],
    ) -> Job:  # fmt: skip
        """Submit a job of the task with that name; returns once it is stored.

        Repeated after a lost answer it is still one job: each call has an Idempotency-Key of its own, or
        `idempotency_key`, which outlives this process. Raises UnknownTask, InvalidArguments, QueueFull,
        UniqueConflict.
        """
        body = submission_of(task, args or {}, options)
        return self._job(self._create("/jobs", body, idempotency_key))

    def submit_many(
        self, task: str, items: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None,
        **options: Unpack[RequestOptions],
    ) -> SubmittedBatch:  # fmt: skip
        """Submit a job for each dict of arguments, up to 1,000, all or none; as `submit`."""
        body = {"jobs": [submission_of(task, args, options) for args in items]}
        answer = self._create("/jobs/batch", body, idempotency_key)
        return read(answer, lambda made: SubmittedBatch(made["batch_id"], ids_of(made["items"])))

    def get(self, job_id: str) -> Job:
        """The job as it is; raises JobNotFound."""
        return self._job(self._get(path_of("jobs", job_id)))

    def wait(
        self, job_id: str, timeout: float, on_progress: Callable[[Job], object] | None = None
    ) -> Job:  # fmt: skip
        """The job in its final state, or as it is after `timeout` seconds; raises JobNotFound.

        `on_progress` is called with the job at first and after each change that is seen.
        """
        end, tag, job = time.monotonic() + timeout, "", None
        while True:
            left = max(0.0, end - time.monotonic())
            seconds = min(LONGEST_WAIT, left) if job is not None or on_progress is None else 0.0
            headers = {"If-None-Match": tag} if tag and on_progress is not None else {}
            target = f"{path_of('jobs', job_id)}?wait={seconds:.3f}"
            answer = self._get(target, headers, wait=seconds)
            if answer.status != 304:
                job, tag = self._job(answer), answer.headers.get("ETag", "")
                if on_progress is not None:
                    on_progress(job)
            if job is not None and (job.is_final or time.monotonic() >= end):
                return job
            if "Preference-Applied" not in answer.headers:  # too many wait there, or it is about to end
                pause = min(answer.retry_after or 1.0, max(0.0, end - time.monotonic()))
                threading.Event().wait(pause)

    def stream(self, job_id: str, after: str = "") -> Iterator[StreamEvent]:
        """Each event of the job as it happens, from the event `after` on, until it has ended.

        A lost connection is made again, and goes on behind the last event. Raises JobNotFound.
        """
        stream = Stream(
            self._transport, f"{path_of('jobs', job_id)}/stream", lambda: self.get(job_id).is_final
        )
        return stream.read(after)

    def list(self, **filters: Unpack[JobFilterWords]) -> Iterator[Job]:
        """The jobs that the filters name, the newest first; the words are those of `jobs.list`.

        They are read by pages as the iteration goes on; what a page leaves out as too large, by itself.
        """
        cursor: str | None = None
        query = [*query_of(filters), ("limit", str(PAGE))]
        while True:
            position = [] if cursor is None else [("cursor", cursor)]
            page = read(self._get(f"/jobs?{urlencode([*query, *position])}"), read_page)
            for job, is_whole in page.items:
                if (found := job if is_whole else self._find(job.id)) is not None:
                    yield found
            if (cursor := page.next_cursor) is None:
                return

    def result(self, job_id: str) -> Any:
        """What its task returned; raises JobNotFound, and InvalidState where there is no result (yet)."""
        return read(self._get(f"{path_of('jobs', job_id)}/result"), lambda value: value)

    def logs(self, job_id: str, after: str | None = None, level: str | None = None) -> LogPage:
        """What it has logged, a page behind the cursor `after`; as `jobs.logs`. Raises JobNotFound."""
        given = [(name, value) for name, value in (("after", after), ("level", level)) if value is not None]
        answer = self._get(f"{path_of('jobs', job_id)}/logs?{urlencode(given)}")
        page = read(answer, read_log_page)
        page.is_last = answer.retry_after is None
        return page

    def cancel(self, job_id: str) -> Job:
        """Cancel it, or ask a running one to stop; raises JobNotFound, InvalidState where it has ended."""
        return self._job(self._send("POST", f"{path_of('jobs', job_id)}/cancel"))

    def retry(self, job_id: str) -> Job:
        """Queue a finished job once more; raises JobNotFound, InvalidState.

        Not repeated after a lost answer: it might run twice.
        """
        return self._job(self._send("POST", f"{path_of('jobs', job_id)}/retry", repeats=False))

    def delete(self, job_id: str) -> None:
        """Delete a finished job and its history; raises JobNotFound, InvalidState."""
        self._send("DELETE", path_of("jobs", job_id))

    # --- batches --------------------------------------------------------------------------------------

    def get_batch(self, batch_id: str) -> Batch:
        """A batch with its counts and progress; raises BatchNotFound."""
        return read(self._get(path_of("batches", batch_id)), read_batch)

    def cancel_batch(self, batch_id: str) -> Batch:
        """Cancel those of its jobs that do not run, ask the others to stop; raises BatchNotFound."""
        return read(self._send("POST", f"{path_of('batches', batch_id)}/cancel"), read_batch)

    # --- schedules ------------------------------------------------------------------------------------

    def list_schedules(self) -> Sequence[Schedule]:
        """All schedules."""
        return read(self._get("/schedules"), lambda shown: [read_schedule(each) for each in shown["items"]])

    def get_schedule(self, schedule_id: str) -> Schedule:
        """One schedule; raises ScheduleNotFound."""
        return read(self._get(path_of("schedules", schedule_id)), read_schedule)

    def pause_schedule(self, schedule_id: str) -> Schedule:
        """Stop firing until it is resumed; raises ScheduleNotFound."""
        return read(self._send("POST", f"{path_of('schedules', schedule_id)}/pause"), read_schedule)

    def resume_schedule(self, schedule_id: str) -> Schedule:
        """Fire again; raises ScheduleNotFound."""
        return read(self._send("POST", f"{path_of('schedules', schedule_id)}/resume"), read_schedule)

    def run_schedule(self, schedule_id: str, *, idempotency_key: str | None = None) -> Job:
        """Submit its job now, paused or not; raises ScheduleNotFound, QueueFull."""
        return self._job(self._create(f"{path_of('schedules', schedule_id)}/run", None, idempotency_key))

    # --- requests -------------------------------------------------------------------------------------

    def _get(self, target: str, headers: Mapping[str, str] | None = None, wait: float = 0.0) -> Answer:
        return self._send("GET", target, headers=headers, wait=wait)

    def _create(self, target: str, body: Any, key: str | None) -> Answer:
        return self._send("POST", target, body, {"Idempotency-Key": f'"{quoted_key(key)}"'})

    def _send(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None,
        *, repeats: bool = True, wait: float = 0.0,
    ) -> Answer:  # fmt: skip
        data = None if body is None else text_of(body).encode()
        sent = {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}
        answer = self._transport.send(method, target, data, sent, repeats=repeats, wait=wait)
        if 200 <= answer.status < 300 or (answer.status == 304 and "If-None-Match" in sent):
            return answer
        if method == "DELETE" and answer.status == 404 and answer.is_repeated:
            return answer  # the first request has deleted it
        raise error_of(answer, target)

    def _job(self, answer: Answer) -> Job:
        return read(answer, read_job)

    def _find(self, job_id: str) -> Job | None:
        try:
            return self.get(job_id)
        except JobNotFound:  # deleted since the page was read
            return None
