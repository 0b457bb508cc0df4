"""Failed jobs in groups: by task, type of the error, and what its message says apart from numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from .overview_values import FailureGroup

MOST_SHOWN: Final = 500
"""Characters of a message."""

_VARIES: Final = re.compile(r"0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d+")
"""Addresses, UUIDs and numbers: what differs between messages of one cause."""


def group(rows: Iterable[Any], since: datetime) -> list[FailureGroup]:
    """The groups of rows (id, task, finished_at, error) that ended since then, the latest failure first."""
    found: dict[tuple[str, str, str | None], list[tuple[datetime, str, str | None]]] = {}
    for row in rows:
        if row.finished_at >= since:
            type_, message = _read(row.error)
            key = row.task, type_, None if message is None else _VARIES.sub("0", message)
            found.setdefault(key, []).append((row.finished_at, row.id, message))
    groups = [_to_group(task, type_, failures) for (task, type_, _), failures in found.items()]
    return sorted(groups, key=lambda each: (each.last_at, each.job_id), reverse=True)


def _to_group(task: str, type_: str, failures: list[tuple[datetime, str, str | None]]) -> FailureGroup:
    last_at, job_id, message = max(failures, key=lambda failure: failure[:2])
    return FailureGroup(
        task=task, type=type_, message=message, count=len(failures), first_at=min(failures)[0],
        last_at=last_at, job_id=job_id,
    )  # fmt: skip


def _read(error: str | None) -> tuple[str, str | None]:
    """The type and the message of a stored error, which may be its type alone."""
    stored = None if error is None else json.loads(error)
    if not isinstance(stored, dict):
        return stored or "", None
    return stored["type"], stored["message"][:MOST_SHOWN]
