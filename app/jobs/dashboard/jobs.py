"""The list of jobs: its filters are those of `GET /jobs`, so that the URL is the view."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.datastructures import MultiDict

from ..api.jobs import job_filters
from ..api.responses import redactor
from ..api.schemas import JobQuerySchema
from ..api.validation import load_query
from ..errors import InvalidArguments
from ..job import Job, JobList
from ..serialization.presenter import Redact, dump, present
from ..service import runtime
from ..states import STATES
from ..store.job_filters import JobFilters
from .filters import apply_bar, chips_of, without
from .rendering import page, path_of, see_other

QUERY: Final = JobQuerySchema(exclude=("count",))
NO_FILTERS: Final = ("notice", "as", "find")
MOST_EXPORTED: Final = 10_000
EXPORTED_AT_ONCE: Final = 100
"""Jobs of an export that are in memory: each may have a megabyte."""
COLUMNS: Final = (
    "id", "task", "queue", "state", "priority", "attempt", "max_attempts", "created_at", "run_at",
    "started_at", "finished_at", "queued_seconds", "run_seconds", "tags", "args", "error",
)  # fmt: skip
"""The columns of an export as CSV."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def list_jobs() -> Any:
    """`GET /jobs`: a page of jobs; what was typed into the filter bar becomes part of the URL first."""
    if (typed := request.args.get("find")) is not None:
        return _find(typed)
    query = read_filters(request.args)
    newest_first, cursor = query["sort"], query["cursor"]
    found = runtime().jobs.page(job_filters(query), query["limit"], cursor, newest_first)
    shown = {name: values for name, values in request.args.lists() if name not in ("cursor", "notice")}
    return page(
        "jobs.html",
        jobs=found, states=STATES, state=query["state"], chips=chips_of(shown),
        counts=runtime().overview.counts().states,
        tabs=[_tab(state, shown) for state in (None, *STATES)], query=urlencode(shown, doseq=True),
        next_page=_next(shown, found.next_cursor), is_first=cursor is None,
        is_filtered=bool(shown.keys() - {"limit", "sort"}), tasks=sorted(runtime().registry.tasks),
        queues=[queue.name for queue in runtime().queues.all()], newest_first=newest_first,
        turned=_turned(shown, newest_first), first_page=path_of("list_jobs", **shown),
    )  # fmt: skip


def export() -> Response:
    """`GET /jobs/export`: what the filters name, the newest MOST_EXPORTED, as CSV or JSON lines."""
    kind = request.args.get("as", "csv")
    filters = job_filters(read_filters(request.args))
    write = _csv if kind == "csv" else _json_lines
    name = "jobs.csv" if kind == "csv" else "jobs.jsonl"
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/x-ndjson"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    # The first page is read now: an error is a page, too, as long as nothing was sent.
    read, redact = runtime().jobs.page, redactor()
    parts = write(_newest(read, filters, read(filters, EXPORTED_AT_ONCE)), redact)
    return Response(parts, 200, {**headers, "Content-Type": media})


def read_filters(sent: MultiDict[str, str]) -> dict[str, Any]:
    """The filters and the paging among the parameters that were `sent`. Raises Problem for any other."""
    asked = MultiDict((name, value) for name, value in sent.items(multi=True) if name not in NO_FILTERS)
    return load_query(QUERY, asked)


def _find(typed: str) -> Any:
    """Where the filter bar leads: to a job by the beginning of its id, or to the list with more filters."""
    read_filters(request.args)  # what is kept becomes an address again
    kept = {name: values for name, values in request.args.lists() if name not in ("find", "cursor", "notice")}
    words = typed.split()
    if len(words) == 1 and len(words[0]) >= 8 and set(words[0]) <= set("0123456789abcdef-"):
        ids = runtime().jobs.ids_with_prefix(words[0], 2)
        if len(ids) == 1:
            return see_other("show_job", id=ids[0])
    try:
        return see_other("list_jobs", **apply_bar(kept, words))
    except ValueError as error:
        raise InvalidArguments([{"pointer": "#/find", "detail": str(error)}]) from None


def _tab(state: str | None, shown: dict[str, list[str]]) -> dict[str, Any]:
    kept = without(shown, "state")
    path = path_of("list_jobs", **kept) if state is None else path_of("list_jobs", state=state, **kept)
    return {"state": state, "path": path}


def _turned(shown: dict[str, list[str]], newest_first: bool) -> str:
    """The same list, the other way round."""
    return path_of("list_jobs", **without(shown, "sort"), **({"sort": "created_at"} if newest_first else {}))


def _next(shown: dict[str, list[str]], cursor: str | None) -> str | None:
    return None if cursor is None else path_of("list_jobs", **shown, cursor=cursor)


def _newest(read: Callable[..., JobList], filters: JobFilters, found: JobList) -> Iterator[Job]:
    left = MOST_EXPORTED
    while True:
        yield from found
        left -= len(found)
        if left <= 0 or found.next_cursor is None:
            return
        found = read(filters, min(EXPORTED_AT_ONCE, left), found.next_cursor)


def _json_lines(jobs: Iterator[Job], redact: Redact) -> Iterator[bytes]:
    return (dump(present(job, redact)) + b"\n" for job in jobs)


def _csv(jobs: Iterator[Job], redact: Redact) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in chain([COLUMNS], (_row(job, redact) for job in jobs)):
        writer.writerow(row)
        yield text.getvalue().encode("utf-8", "backslashreplace")
        text.seek(0)
        text.truncate()


def _row(job: Job, redact: Redact) -> list[Any]:
    shown = present(job, redact)
    return [_cell(shown[name]) for name in COLUMNS]


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False)
    # A spreadsheet would run a text that begins like a formula (OWASP, CSV injection).
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
