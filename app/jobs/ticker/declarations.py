"""Stores the schedules declared in code: when a worker is registered, and when more are declared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.database import Database
from ..errors import TaskDefinitionError
from ..process.logs import get_logger
from ..schedules.declaration import Declaration
from ..store import schedules
from ..tasks.registry import Registry

log = get_logger(__name__)


class Declarations:
    """Adds, updates and retires the schedules of one app name; those of other apps are left alone.

    Their jobs are those of `jobs_app`, None: of any. `timezone` is that of the app for triggers whose words
    name none.
    """

    def __init__(
        self, app: str, jobs_app: str | None, database: Database, registry: Registry, clock: Clock,
        timezone: str | None,
    ) -> None:  # fmt: skip
        self._app, self._jobs_app = app, jobs_app
        self._database, self._registry, self._clock = database, registry, clock
        self._timezone = timezone
        self._declared: Mapping[str, Declaration] | None = None
        self._worker_id: str | None = None

    def declare(self, worker_id: str | None) -> None:
        """Store what the code declares, unless that was done already for the worker of this id.

        A worker whose row is gone goes on under another id, and the schedules may be gone with it, as where
        tables were made anew. Those that are still there are left: newer code may have changed them.
        """
        declarations = self._registry.declarations
        # By identity: the registry makes a new mapping for each declaration, and this runs every second.
        is_new = self._declared is not declarations
        if not is_new and self._worker_id == worker_id:
            return
        for declared in declarations.values():
            declaration = declared.in_zone(self._timezone)
            # Checked when the app starts; but this may be of a task that was registered later.
            if complaints := self._complaints_about(declaration):
                log.error("not declared: %s", "; ".join(complaints))
                continue
            try:
                self._declare_one(declaration, is_new)
            except IntegrityError:  # another process stored it between our read and our insert
                self._declare_one(declaration, is_new)
        if is_new:
            with self._database.write() as conn:
                schedules.retire(conn, self._app, list(declarations), self._clock.now())
        self._declared, self._worker_id = declarations, worker_id

    def _complaints_about(self, declaration: Declaration) -> list[str]:
        try:
            return self._registry.complaints_about(declaration)
        except TaskDefinitionError as error:  # it must not keep the others from firing
            return [str(error)]

    def _declare_one(self, declaration: Declaration, is_new: bool) -> None:
        now = self._clock.now()
        with self._database.write() as conn:
            stored = schedules.get(conn, declaration.id, lock=True)
            if stored is None:
                schedules.add(conn, declaration, now, app=self._app, jobs_app=self._jobs_app)
            elif not is_new:
                return
            elif stored.app != self._app:
                owner = stored.app or "made at run time"
                log.error("schedule %r is not declared: its id is taken (%s)", declaration.id, owner)
            else:
                self._redeclare(conn, stored, declaration, now)

    def _redeclare(self, conn: Connection, stored: Any, declaration: Declaration, now: datetime) -> None:
        # Not written where unchanged: updated_at would move at every start of every process.
        known = {"task": stored.task, "args": stored.args, "trigger": stored.trigger, "policy": stored.policy}
        is_same = schedules.definition(declaration) == known and stored.jobs_app == self._jobs_app
        if is_same and not stored.retired:
            return
        next_fire_at = schedules.next_fire_at(declaration, stored, now)
        schedules.redefine(conn, declaration, next_fire_at, now, app=self._app, jobs_app=self._jobs_app)
