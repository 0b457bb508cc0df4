"""The exceptions of the package; the docstring of each is its default message."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


class SimmerError(Exception):
    """Something went wrong in Flask-Simmer."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class ConfigError(SimmerError):
    """The configuration has problems; the message lists all of them and how to fix each."""


class TaskDefinitionError(SimmerError):
    """A task or schedule cannot be registered as it is written."""


class UnknownTask(SimmerError):
    """No task of this name is registered in this process."""


class InvalidArguments(SimmerError):
    """The arguments or options of a job do not fit; `errors` names each place.

    `errors` is a list of `{"pointer": "#/args/month", "detail": "…"}` (RFC 6901 fragments).
    """

    def __init__(self, errors: list[dict[str, str]], message: str | None = None) -> None:
        super().__init__(message or "; ".join(f"{e['pointer']}: {e['detail']}" for e in errors))
        self.errors = errors


class ArgumentsTooLarge(InvalidArguments):
    """The arguments are over JOBS_MAX_ARGS_BYTES: store them elsewhere and pass a reference."""


class UnencodableArguments(InvalidArguments, TypeError):
    """An argument cannot be encoded as JSON: pass plain values, or an id instead of an object."""


class JobNotFound(SimmerError, LookupError):
    """No job has this id; it may have been deleted or pruned."""


class BatchNotFound(SimmerError, LookupError):
    """No batch has this id; its jobs may have been deleted or pruned."""


class ScheduleNotFound(SimmerError, LookupError):
    """No schedule has this id."""


class QueueNotFound(SimmerError, LookupError):
    """No task, no JOBS_QUEUES and no job names this queue."""


class WorkerNotFound(SimmerError, LookupError):
    """No worker has this id; it may have ended."""


class WorkerUnresponsive(SimmerError):
    """The worker does not answer: it may hang, or be gone."""


class ScheduleExists(SimmerError):
    """A schedule of this id exists already: choose another id or remove it first."""


class ScheduleDeclared(SimmerError):
    """The schedule is declared in code: change it there; only pausing it is possible from here."""


class InvalidState(SimmerError):
    """The job is in a state that does not allow this; `state` is the one it is in."""

    def __init__(self, message: str, state: str) -> None:
        super().__init__(message)
        self.state = state


class UniqueConflict(SimmerError):
    """A job has this unique key already; `job_id` is its id."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class InvalidCursor(SimmerError, ValueError):
    """This cursor was not made by this list: start again without one."""


class OpenTransaction(SimmerError):
    """Your session holds the write lock: commit first, or pass session=db.session."""


class QueueFull(SimmerError):
    """The backlog has reached JOBS_MAX_QUEUED: try again later."""


class IdempotencyConflict(SimmerError):
    """The same Idempotency-Key was used with another body."""


class IdempotencyGone(SimmerError):
    """What was made for this Idempotency-Key was deleted."""


class IdempotencyInFlight(SimmerError):
    """The first request with this Idempotency-Key is still being handled."""


class DatabaseUnavailable(SimmerError):
    """The database cannot be reached or is locked by somebody else: try again.

    `reason` is what the database said, in words that may be shown to a client; None where it said nothing.
    """

    def __init__(self, message: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class TransactionConflict(SimmerError):
    """The database rolled this transaction back for the sake of another: it is tried again."""


class TablesMissing(DatabaseUnavailable):
    """The tables do not exist yet: run `flask jobs init-db`, a migration or db.create_all()."""


class NotReady(SimmerError):
    """Jobs cannot run in this process; the message says why and what to do."""


class ClaimLost(SimmerError):
    """The job is no longer this run's: its worker was presumed dead, and the job was given to another."""


class WorkerLost(SimmerError):
    """The process that ran the job died."""


class ResultNotSerializable(SimmerError):
    """The task returned a value that cannot be encoded as JSON."""


class ResultTooLarge(SimmerError):
    """The result is over JOBS_MAX_RESULT_BYTES: store it elsewhere and return a reference."""


class FileNotFound(SimmerError, LookupError):
    """The job has no file of this name."""


class FileTooLarge(SimmerError):
    """The file is over JOBS_MAX_FILE_BYTES, or with the job's others over JOBS_MAX_JOB_FILES_BYTES."""


class ResultExpired(SimmerError):
    """The result has gone before its job, as `keep_result_for` of the task says."""


class JobCancelled(BaseException):
    """The job was requested to stop. A BaseException, so that `except Exception` does not catch it."""


class JobTimeout(BaseException):
    """The attempt ran past its timeout. A BaseException, as JobCancelled is."""


def problem(pointer: str, detail: Any) -> dict[str, str]:
    """One entry of `InvalidArguments.errors`."""
    return {"pointer": pointer, "detail": str(detail)}


def pointer(where: str, *steps: str | int) -> str:
    """The place some steps below `where`, a JSON pointer in a fragment such as `#/args/month`."""
    # RFC 6901, sections 3 and 6: "~" and "/" are escaped, and then what a fragment cannot hold.
    names = [str(step).replace("~", "~0").replace("/", "~1").encode(errors="replace") for step in steps]
    return "/".join([where, *(quote(name, safe="~!$&'()*+,;=:@") for name in names)])
