"""What operators have set for queues and tasks while they run: pauses and limits.

A sum over the versions of all rows tells whether anything has changed. It is a column of the claim's query,
so that what holds when a claim begins is known to it, and read only where it is news.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from ..database.columns import name_of
from ..database.statements import Statement
from ..database.supported import dialect_of
from ..database.tables import CONTROLS
from ..database.transactions import AnyConnection

QUEUE: Final = "queue"
TASK: Final = "task"
PAUSED: Final = "paused"
CONCURRENCY: Final = "concurrency"
RATE: Final = "rate"

_C = CONTROLS.c
VERSION: Final = select(func.sum(_C.version)).scalar_subquery().label("controls")
"""The version of all of them; null where nothing was ever set."""
_VERSION: Final = Statement(select(func.sum(_C.version)))
_ALL: Final = Statement(
    select(_C.kind, _C.name, _C.setting, _C.value, _C.changed_by, _C.changed_at, _C.version).order_by(
        _C.kind, _C.name, _C.setting
    )
)


class Control(NamedTuple):
    """A setting that was changed; `value` None: as the code says. `by` is None where that is not known."""

    setting: str
    value: Any
    by: str | None
    at: datetime

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return self._asdict()


class Controls(NamedTuple):
    """All that is set, by kind and name, and the version of it."""

    version: int | None = None
    by_subject: Mapping[tuple[str, str], Mapping[str, Control]] = {}

    def value(self, kind: str, name: str, setting: str) -> Any:
        """What is set; None where nothing is."""
        control = self.by_subject.get((kind, name), {}).get(setting)
        return None if control is None else control.value

    def changes(self, kind: str, name: str) -> list[dict[str, Any]]:
        """What was changed of it, and by whom."""
        return [control.as_dict() for control in self.by_subject.get((kind, name), {}).values()]

    def names(self, kind: str) -> list[str]:
        """The names of those of which something was set."""
        return [name for each, name in self.by_subject if each == kind]

    def paused(self, kind: str) -> list[str]:
        """The names of those that an operator has paused."""
        return [name for name in self.names(kind) if self.is_paused(kind, name)]

    def is_paused(self, kind: str, name: str) -> bool:
        """Whether an operator has paused it."""
        return self.value(kind, name, PAUSED) is True


def version(conn: AnyConnection) -> int | None:
    """The version of what is set at this moment."""
    found: int | None = _VERSION.scalar(conn)
    return found


def read(conn: AnyConnection) -> Controls:
    """All that is set."""
    by_subject: dict[tuple[str, str], dict[str, Control]] = {}
    rows = _ALL.rows(conn)
    for row in rows:
        value = None if row.value is None else json.loads(row.value)
        control = Control(row.setting, value, row.changed_by, row.changed_at)
        by_subject.setdefault((row.kind, row.name), {})[row.setting] = control
    return Controls(sum(row.version for row in rows) if rows else None, by_subject)


def change(
    conn: Connection, kind: str, name: str, settings: Mapping[str, Any], by: str | None, now: datetime
) -> None:
    """Set them; None: as the code says."""
    insert = dialect_of(conn).insert(CONTROLS)
    changed = insert.on_conflict_do_update(
        index_elements=list(CONTROLS.primary_key),
        set_={
            **{column: insert.excluded[column] for column in ("value", "changed_by", "changed_at")},
            "version": _C.version + 1,
        },
    )
    for setting, value in sorted(settings.items()):
        text = None if value is None else json.dumps(value)
        row = {"kind": kind, "name": name, "setting": setting, "value": text}
        conn.execute(changed, {**row, "changed_by": name_of(by), "changed_at": now, "version": 1})
