"""The options of a job: one table, from which checks, columns, HTTP fields, CLI flags and docs follow.

An entry is a key of a TypedDict: editors and mypy read its type, the package reads its Option. To add one,
add the entry; an attribute of `Job` of the same name shows it; what it does goes where it is done.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypedDict, get_type_hints

from ..checks import (
    HTTP_URL,
    NEAR_TIME,
    POSITIVE_SECONDS,
    QUEUE_NAME,
    SECONDS,
    json_object,
    matching,
    one_of,
    several,
    text,
    whole,
)
from .limits import CONCURRENCY_RULE, RATE_RULE
from .option import Option
from .types import (
    ANYTHING,
    BACKOFF_RULE,
    EXCEPTION_RULE,
    ID_RULE,
    UNIQUE_RULE,
    Backoff,
    Concurrency,
    DependsOn,
    Rate,
    Seconds,
    Unique,
)  # fmt: skip

if TYPE_CHECKING:
    from marshmallow import Schema
    from sqlalchemy.orm import Session, scoped_session


class JobOptions(TypedDict, total=False):
    """Options of a task, for all of its jobs, and of a submission, for one."""

    queue: Annotated[
        str,
        Option(
            help="The queue in which its jobs wait",
            rule=matching(QUEUE_NAME, "the name of a queue: 1 to 64 letters, digits and . _ -", 64),
            default="default", stored=True, aliases=("queue_name", "routing_key", "executor"),
        ),
    ]  # fmt: skip
    priority: Annotated[
        int,
        Option(
            help="-1,000 to 1,000: the smaller number runs first, within a priority by due time",
            rule=whole(-1_000, 1_000), default=0, stored=True, aliases=("at_front", "weight"),
        ),
    ]  # fmt: skip
    timeout: Annotated[
        Seconds | None,
        Option(
            help="Seconds that an attempt may take",
            rule=POSITIVE_SECONDS, stored=True, aliases=("time_limit", "soft_time_limit", "job_timeout"),
        ),
    ]  # fmt: skip
    max_attempts: Annotated[
        int,
        Option(
            help="How many tries there are, the first one included (1 to 100)",
            rule=whole(1, 100), default=1, stored=True,
            aliases=("max_retries", "retries", "retry", "tries", "attempts"),
        ),
    ]  # fmt: skip
    tags: Annotated[
        list[str] | tuple[str, ...],
        Option(
            help="Up to 50 words to find its jobs by",
            rule=several(text(100), 50, "up to 50 texts of 1 to 100 printable characters"),
            default=(), stored=True, flag="tag", aliases=("labels", "headers"),
        ),
    ]  # fmt: skip
    expires_in: Annotated[
        Seconds | None,
        Option(
            help="Seconds from its submission after which it is cancelled if it has not begun",
            rule=POSITIVE_SECONDS, aliases=("expires", "ttl", "max_age"),
        ),
    ]  # fmt: skip
    on_conflict: Annotated[
        Literal["return", "reject", "replace"],
        Option(
            help="What happens where a job has its unique key: `return` that one, `reject`, or `replace`",
            rule=one_of("return", "reject", "replace"), default="return",
            aliases=("if_exists", "replace_existing"),
        ),
    ]  # fmt: skip


class RequestOptions(JobOptions, total=False):
    """Options of a submission from outside; None over HTTP counts as not given."""

    delay: Annotated[
        Seconds,
        Option(
            help="Seconds until it is due, at most ten years",
            rule=SECONDS, aliases=("countdown", "in", "enqueue_in", "time_delta", "schedule_in"),
        ),
    ]  # fmt: skip
    run_at: Annotated[
        datetime,
        Option(
            help="The time with its zone at which it is due; excludes `delay`",
            rule=NEAR_TIME, excludes=("delay",),
            aliases=("eta", "run_date", "next_run_time", "at", "enqueue_at", "scheduled_at", "when"),
        ),
    ]  # fmt: skip
    meta: Annotated[
        dict[str, Any],
        Option(
            help="A JSON object of up to 8 KiB that is kept with the job, to find it by",
            rule=json_object(8 * 1024), stored=True, aliases=("metadata", "stamps", "description"),
        ),
    ]  # fmt: skip
    unique_key: Annotated[
        str,
        Option(
            help="While a job of the task with this key is not final, there is no second one",
            rule=text(255), aliases=("job_id", "task_id", "queueing_lock", "dedup_key", "deduplication_id"),
        ),
    ]  # fmt: skip
    depends_on: Annotated[
        DependsOn,
        Option(
            help="Up to 100 ids of jobs or batches that it waits for",
            rule=several(ID_RULE, 100, "up to 100 ids of jobs or batches"),
            default=(), stored=True,
            aliases=("after", "dependencies", "depends", "deps", "parents", "wait_for", "dependency"),
        ),
    ]  # fmt: skip
    on_dependency: Annotated[
        Literal["cancel", "run"],
        Option(
            help='When one of them fails or is cancelled: `"cancel"`, or `"run"` all the same',
            rule=one_of("cancel", "run"), default="cancel", stored=True,
            aliases=("allow_failure", "allow_dependency_failures", "ignore_failed"),
        ),
    ]  # fmt: skip
    callback_url: Annotated[
        str,
        Option(
            help="A URL on one of `JOBS_WEBHOOK_HOSTS` that is called when the job has ended",
            rule=HTTP_URL, aliases=("webhook", "webhook_url", "callback", "on_complete", "link"),
        ),
    ]  # fmt: skip


class SubmitOptions(RequestOptions, total=False):
    """Options of a submission."""

    session: Annotated[
        Session | scoped_session[Any] | None,
        Option(
            help="Join the transaction of that session",
            rule=ANYTHING, python_only=True, aliases=("db", "db_session"),
        ),
    ]  # fmt: skip


class TaskOptions(JobOptions, total=False):
    """Options of a task."""

    on_interrupt: Annotated[
        Literal["retry", "fail"],
        Option(
            help='`"fail"` makes its jobs at most once: a crash or a shutdown fails them',
            rule=one_of("retry", "fail"), default="retry", stored=True,
            aliases=("acks_late", "reject_on_worker_lost", "task_acks_late"),
        ),
    ]  # fmt: skip
    backoff: Annotated[
        Backoff,
        Option(
            help='Seconds before the next attempt: a number, `"exponential"`, `"linear"`, or a callable'
            " of the attempt",
            rule=BACKOFF_RULE, default="exponential",
            aliases=("retry_backoff", "default_retry_delay", "retry_delay", "interval"),
        ),
    ]  # fmt: skip
    retry_on: Annotated[
        type[BaseException] | tuple[type[BaseException], ...],
        Option(
            help="Which exceptions are worth another attempt; a timeout counts as an `Exception`",
            rule=several(EXCEPTION_RULE, 100, "exception classes"), default=(Exception,),
            aliases=("autoretry_for", "retry_for"),
        ),
    ]  # fmt: skip
    never_on: Annotated[
        type[BaseException] | tuple[type[BaseException], ...],
        Option(
            help="Which exceptions are not, whatever `retry_on` says",
            rule=several(EXCEPTION_RULE, 100, "exception classes"), default=(),
            aliases=("dont_autoretry_for", "throws", "discard_on"),
        ),
    ]  # fmt: skip
    retention: Annotated[
        Seconds | None,
        Option(
            help="Seconds for which its finished jobs are kept, in place of `JOBS_RETENTION`",
            rule=SECONDS, aliases=("keep", "retention_period", "cleanup_after"),
        ),
    ]  # fmt: skip
    keep_result_for: Annotated[
        Seconds | None,
        Option(
            help="Seconds after which a result goes before its job does",
            rule=SECONDS, stored=True, aliases=("result_ttl", "result_expires", "results_ttl"),
        ),
    ]  # fmt: skip
    concurrency: Annotated[
        Concurrency | None,
        Option(
            help='How many of its jobs run at a time, everywhere: `2`, or `(2, "tenant")` for each tenant',
            rule=CONCURRENCY_RULE, aliases=("limit", "concurrency_limit", "limits_concurrency"),
        ),
    ]  # fmt: skip
    rate: Annotated[
        Rate | None,
        Option(
            help='How many of its jobs are claimed in any second, minute, hour or day: `"100/m"`,'
            ' or `("5/s", "tenant")` for each tenant',
            rule=RATE_RULE, aliases=("rate_limit", "throttle", "limiter"),
        ),
    ]  # fmt: skip
    fair: Annotated[
        str | None,
        Option(
            help='Turns between the values of an argument: with `"tenant"` each tenant has one job after the'
            " other, however many wait",
            rule=text(200), aliases=("fairness", "fairness_key", "round_robin", "tenant", "partition"),
        ),
    ]  # fmt: skip
    unique: Annotated[
        Unique | None,
        Option(
            help="Which of its jobs are one: those with the same arguments (`True`), with the same values of"
            " the arguments named, or for which a callable returns the same text",
            rule=UNIQUE_RULE, aliases=("once", "singleton", "lock", "dedup"),
        ),
    ]  # fmt: skip
    unique_for: Annotated[
        Seconds | None,
        Option(
            help="Seconds from its submission for which a job has its unique key, whatever becomes of it",
            rule=POSITIVE_SECONDS, aliases=("unique_period", "lock_ttl", "debounce"),
        ),
    ]  # fmt: skip
    schema: Annotated[
        Schema | type[Schema] | None,
        Option(
            help="A marshmallow schema for the arguments, in place of the annotations",
            rule=ANYTHING, aliases=("args_schema", "validator", "pydantic"),
        ),
    ]  # fmt: skip


def _table(kind: type) -> dict[str, Option]:
    # The types themselves are for type checkers: what they are imported from takes long to import.
    checked = dict.fromkeys(("Schema", "Session"), Any) | {"scoped_session": list}
    hints = get_type_hints(kind, localns=checked, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


OF_TASK: Final = _table(TaskOptions)
OF_SUBMISSION: Final = _table(SubmitOptions)
OUTSIDE: Final = {name: option for name, option in OF_SUBMISSION.items() if not option.python_only}
"""Those that a caller without Python may give: over HTTP, and by a flag."""
STORED: Final = {name: option for name, option in {**OF_TASK, **OF_SUBMISSION}.items() if option.stored}
"""Those with a column, in the order of `stored_values`."""
NO_OPTIONS: Final[SubmitOptions] = {}
