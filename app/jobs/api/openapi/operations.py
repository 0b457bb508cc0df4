"""What each route takes and answers, by the name of its view; what it does, the view's docstring says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from marshmallow import Schema

from ..schemas import (
    HistoryQuerySchema,
    JobQuerySchema,
    JobViewSchema,
    LogsQuerySchema,
    StatsQuerySchema,
    StreamQuerySchema,
)  # fmt: skip


class Answer(NamedTuple):
    """A successful response: what it means, the schema of its JSON, its headers, and other media types.

    Without a schema and other types it has no body.
    """

    meaning: str
    schema: str | None = None
    headers: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()


class Operation(NamedTuple):
    """What a route takes and answers beyond what follows from its method, path and right.

    `body` is the schema of a body that must be there, `empty_body` that `{}` or nothing may be sent.
    `refusals` are slugs of `problems.PROBLEM_TYPES`. `once`: it takes an Idempotency-Key. `guarded`: it takes
    If-Match. `cached`: it takes If-None-Match, and answers 304. `waits`: it takes Prefer. `needs_database` is
    False where it answers also without one.
    """

    answers: Mapping[int, Answer]
    query: type[Schema] | None = None
    body: str | None = None
    empty_body: bool = False
    refusals: tuple[str, ...] = ()
    once: bool = False
    guarded: bool = False
    cached: bool = False
    waits: bool = False
    needs_database: bool = True


_JOB: Final = ("ETag", "Retry-After")
_NEW_JOB: Final = ("Location", "Retry-After", "ETag", "Idempotency-Replayed")
_TAGGED: Final = ("ETag",)
_SUBMITTING: Final = ("unknown-task", "queue-full")


def _reads(schema: str, meaning: str = "As asked for.", query: type[Schema] | None = None) -> Operation:
    return Operation({200: Answer(meaning, schema)}, query)


def _acts(schema: str, meaning: str) -> Operation:
    return Operation({200: Answer(meaning, schema)}, empty_body=True)


def _changes_schedule(meaning: str, *refusals: str) -> Operation:
    answers = {200: Answer(meaning, "Schedule", _TAGGED)}
    return Operation(answers, empty_body=True, refusals=refusals, guarded=True)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "list_tasks": _reads("TaskList"),
    "get_task": _reads("Task"),
    "patch_task": Operation({200: Answer("The task as it is now.", "Task")}, body="TaskBody"),
    "submit_job": Operation(
        {
            202: Answer("The job is stored.", "Job", _NEW_JOB),
            200: Answer("A job has this unique key: this one.", "Job", ("Location", *_JOB)),
        },
        body="SubmissionBody", refusals=(*_SUBMITTING, "unique-conflict"), once=True,
    ),
    "submit_batch": Operation(
        {202: Answer("All jobs are stored.", "BatchAccepted", _NEW_JOB[:2] + _NEW_JOB[3:])},
        body="BatchBody", refusals=(*_SUBMITTING, "unique-conflict"), once=True,
    ),
    "get_batch": _reads("Batch"),
    "cancel_batch": Operation(
        {
            200: Answer("All of its jobs have ended.", "Batch"),
            202: Answer("Running ones were asked to stop.", "Batch"),
        },
        empty_body=True,
    ),
    "retry_batch": Operation(
        {202: Answer("Those that failed are queued once more.", "Batch", ("Location",))}, empty_body=True
    ),
    "list_jobs": Operation({200: Answer("A page of jobs.", "JobPage", ("Link",))}, JobQuerySchema),
    "act_on_jobs": Operation(
        {
            200: Answer("What was done.", "BulkResult"),
            202: Answer("There are too many: this job does it.", "Job", _NEW_JOB[:3]),
        },
        body="ActionBody",
    ),
    "get_job": Operation(
        {200: Answer("The job.", "Job", (*_JOB, "Preference-Applied"))},
        JobViewSchema, cached=True, waits=True,
    ),
    "patch_job": Operation(
        {200: Answer("The job as it is now.", "Job", _JOB)},
        body="EditBody", refusals=("invalid-state", "unknown-task"), guarded=True,
    ),
    "delete_job": Operation(
        {204: Answer("It is gone.")}, refusals=("invalid-state",), guarded=True
    ),
    "cancel_job": Operation(
        {
            200: Answer("It is cancelled.", "Job", _JOB),
            202: Answer("It runs, and was asked to stop.", "Job", _JOB),
        },
        empty_body=True, refusals=("invalid-state",), guarded=True,
    ),
    "retry_job": Operation(
        {202: Answer("It is queued once more.", "Job", ("Location", *_JOB))},
        empty_body=True, refusals=("invalid-state",), guarded=True,
    ),
    "get_result": Operation(
        {200: Answer("The result, any JSON.", "Result")}, refusals=("invalid-state", "gone")
    ),
    "list_logs": Operation(
        {200: Answer(
            "Lines.", "LogPage", ("Link", "Retry-After", "Preference-Applied", "Vary"), ("text/plain",)
        )},
        LogsQuerySchema, waits=True,
    ),
    "stream_job": Operation(
        {
            200: Answer("What happens to it, as server-sent events.", None, (), ("text/event-stream",)),
            204: Answer("Nothing more will happen to it."),
        },
        StreamQuerySchema,
    ),
    "list_attempts": _reads("AttemptList"),
    "list_events": _reads("EventList"),
    "list_steps": _reads("StepList"),
    "list_files": _reads("FileList"),
    "get_file": Operation(
        {
            200: Answer("The content.", None, ("ETag", "Content-Disposition"), ("*/*",)),
            206: Answer("The part that Range names.", None, ("ETag", "Content-Range"), ("*/*",)),
        },
        refusals=("range-not-satisfiable",), cached=True,
    ),
    "list_schedules": _reads("ScheduleList"),
    "get_schedule": Operation({200: Answer("The schedule.", "Schedule", _TAGGED)}, cached=True),
    "create_schedule": Operation(
        {201: Answer("It is stored.", "Schedule", ("Location", "ETag", "Idempotency-Replayed"))},
        body="NewScheduleBody", refusals=("unknown-task", "already-exists"), once=True,
    ),
    "preview_schedule": Operation({200: Answer("What it means.", "Preview")}, body="PreviewBody"),
    "replace_schedule": Operation(
        {
            200: Answer("It took the place of what was there.", "Schedule", _TAGGED),
            201: Answer("It is new.", "Schedule", ("Location", "ETag")),
        },
        body="ScheduleBody", refusals=("unknown-task", "invalid-state"), guarded=True,
    ),
    "patch_schedule": Operation(
        {200: Answer("The schedule as it is now.", "Schedule", _TAGGED)},
        body="SchedulePatch", refusals=("unknown-task", "invalid-state"), guarded=True,
    ),
    "delete_schedule": Operation(
        {204: Answer("It is gone.")}, refusals=("invalid-state",), guarded=True
    ),
    "list_history": _reads("FireTimeList", "Decisions, newest first.", HistoryQuerySchema),
    "skip_schedule": _changes_schedule("Its next fire time is left out.", "validation"),
    "pause_schedule": _changes_schedule("It is paused."),
    "resume_schedule": _changes_schedule("It fires again.", "unknown-task"),
    "run_schedule": Operation(
        {202: Answer("Its job is stored.", "Job", _NEW_JOB)}, empty_body=True, refusals=_SUBMITTING, once=True
    ),
    "list_queues": _reads("QueueList"),
    "patch_queue": Operation({200: Answer("The queue as it is now.", "Queue")}, body="QueueBody"),
    "pause_queue": _acts("Queue", "It is paused."),
    "resume_queue": _acts("Queue", "Its jobs are claimed again."),
    "get_stats": Operation({200: Answer("As asked for.", "Stats", _TAGGED)}, StatsQuerySchema, cached=True),
    "list_workers": _reads("WorkerList"),
    "list_threads": _reads("Threads"),
    "get_metrics": Operation({200: Answer("The numbers.", media_types=("text/plain",))}),
    "get_script": Operation(
        {200: Answer("The script.", None, _TAGGED, ("text/javascript",))}, cached=True, needs_database=False
    ),
    "live": Operation({200: Answer("It does.", "Live")}, needs_database=False),
    "ready": Operation(
        {200: Answer("It can.", "Ready"), 503: Answer("It cannot.", "Ready", ("Retry-After",))}
    ),
    "get_openapi": Operation(
        {200: Answer("This document.", "Document", _TAGGED)}, cached=True, needs_database=False
    ),
    "get_docs": Operation({200: Answer("A page.", media_types=("text/html",))}, needs_database=False),
}  # fmt: skip
"""By the name of the view."""
