"""Actions on many jobs, named by their boxes or by the filters of the list, confirmed with their number."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import request
from werkzeug.datastructures import MultiDict

from ..api.access import caller
from ..api.jobs import PAGING
from ..errors import InvalidArguments, problem
from ..service import runtime
from ..store.bulk import ACTIONS
from .filters import text_of
from .jobs import read_filters
from .rendering import page, see_other


def act() -> Any:
    """`POST /jobs/bulk`: asks with the number of jobs first, then acts and leads to the list."""
    form = request.form
    query = MultiDict(parse_qsl(form.get("query", ""), keep_blank_values=True))
    action = form.get("action", "")
    if action not in ACTIONS:
        raise InvalidArguments([problem("#/action", f"choose one of {', '.join(ACTIONS)}")])
    filters = read_filters(query)
    words = {word: filters[word] for word in filters if word not in PAGING and filters[word]}
    selection: dict[str, Any] = (
        {"filters": words} if form.get("all") == "yes" else {"filters": {}, "ids": form.getlist("id")}
    )
    if form.get("confirmed") != "yes":
        found = runtime().bulk.act(action, **selection, dry_run=True)
        named = [
            text_of(name, value)
            for name, values in query.lists() if form.get("all") == "yes" and name not in PAGING
            for value in values
        ]  # fmt: skip
        return page("confirm_bulk.html", action=action, found=found, form=form, query=query, filters=named)
    result = runtime().bulk.act(action, **selection, by=caller())
    if result.job is not None:
        return see_other("show_job", id=result.job.id, notice="bulk-job")
    return see_other("list_jobs", **query.to_dict(flat=False), notice="bulk")
