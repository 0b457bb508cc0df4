"""Webhooks: each delivery is a job, which calls a URL with what has happened to another job or a schedule."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from ..clock import Clock
from ..config import Settings
from ..current import current_runtime
from ..database.database import Database
from ..errors import JobNotFound, ScheduleNotFound
from ..execution.current_job import current_job
from ..run import Cancel
from ..serialization.presenter import dump, moment, present
from ..serialization.redaction import redactor_of
from ..store import callbacks, deliveries
from ..tasks.registry import TaskDefinition
from ..webhooks import signature
from ..webhooks.breaker import Breaker
from ..webhooks.client import Address, DeliveryFailed, is_public, post
from .jobs import Jobs
from .schedules import Schedules

GONE: Final = 410
"""The status of a receiver that wants no more: it is not called again."""


class ReceiverGone(Exception):
    """The receiver wants no more."""


class _Target(NamedTuple):
    """Whom a delivery calls, and to which addresses it may connect for that."""

    url: str
    may_connect: Callable[[Address], bool]


class Webhooks:
    """Calls receivers, within the job of a delivery."""

    def __init__(
        self, *, database: Database, clock: Clock, settings: Settings, jobs: Jobs, schedules: Schedules
    ) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._jobs, self._schedules = jobs, schedules
        self._breaker = Breaker(clock.monotonic)

    def deliver(
        self, to: str, event: str, at: datetime, job_id: str | None, schedule_id: str | None
    ) -> dict[str, Any] | Cancel:
        """Call the receiver once: the status of its answer and the seconds it took.

        The job or schedule is sent as it is now. Raises DeliveryFailed, ReceiverGone.
        """
        try:
            subject = self._subject(job_id, schedule_id)
            target = self._target(to, job_id)
        except (JobNotFound, ScheduleNotFound) as error:
            return Cancel(str(error))
        body = dump({"event": event, "at": moment(at), **subject})
        begun = time.monotonic()
        try:
            status = self._call(target, body)
        except DeliveryFailed as error:
            current_job.log.warning("%s, after %.3f s", error, time.monotonic() - begun)
            raise
        took = round(time.monotonic() - begun, 3)
        current_job.log.info("answered %d after %.3f s", status, took)
        if status == GONE:
            raise ReceiverGone(f"answered {GONE}, which says that it wants no more")
        if not 200 <= status < 300:
            raise DeliveryFailed(f"answered {status} after {took} s")
        return {"status": status, "seconds": took}

    def _call(self, target: _Target, body: bytes) -> int:
        host = urlsplit(target.url).netloc
        self._breaker.check(host)
        try:
            status = post(target.url, body, self._headers(body), target.may_connect)
        except BaseException:
            self._breaker.record(host, answered=False)
            raise
        self._breaker.record(host, answered=True)
        return status

    def _subject(self, job_id: str | None, schedule_id: str | None) -> dict[str, Any]:
        redact = redactor_of(self._settings.redact).redact
        if job_id is not None:
            return {"job": present(self._jobs.get(job_id), redact)}
        schedule = self._schedules.get(str(schedule_id))
        return {"schedule": {**schedule.as_dict(), "args": redact(dict(schedule.args))}}

    def _target(self, to: str, job_id: str | None) -> _Target:
        """Whom to call. Raises JobNotFound for a job that is deleted, DeliveryFailed."""
        if to == "alert":
            if (url := self._settings.alert_url) is None:
                raise DeliveryFailed("JOBS_ALERT_URL is not set in this process")
            return _Target(url, lambda _address: True)  # whoever sets it may reach it
        with self._database.raw_read() as conn:
            found = callbacks.url_of(conn, str(job_id))
        if found is None:
            raise JobNotFound(f"the job {job_id} was deleted")
        if (hosts := self._settings.webhook_hosts) is None:
            raise DeliveryFailed("JOBS_WEBHOOK_HOSTS is not set in this process")
        # Again: what is listed may be less than it was at the submission.
        if (refusal := hosts.refusal(found)) is not None:
            raise DeliveryFailed(refusal)
        return _Target(found, lambda address: is_public(address) or hosts.includes(address))

    def _headers(self, body: bytes) -> Mapping[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Flask-Simmer",
            "X-Simmer-Delivery": current_job.id,
        }
        if (secret := self._settings.webhook_secret) is not None:
            headers[signature.HEADER] = signature.sign(body, secret, int(time.time()))
        return headers


def _run_delivery(
    to: Literal["callback", "alert"], event: str, at: datetime, job_id: str | None = None,
    schedule_id: str | None = None,
) -> Any:  # fmt: skip
    return current_runtime().webhooks.deliver(to, event, at, job_id, schedule_id)


TASK: Final = TaskDefinition(deliveries.TASK, _run_delivery, {**deliveries.OPTIONS, "never_on": ReceiverGone})
"""The task of deliveries."""
