"""What people do to jobs that exist, for the state machine: each step in the package and in the model."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine

from app.jobs.errors import InvalidState
from app.jobs.states import EDITABLE, RUNNING

from .job_model import Model, ModelJob
from .limit_model import LimitModel
from .model_driver import TASKS, ModelDriver


class OperatorSteps(RuleBasedStateMachine):
    """Cancel, retry, edit, delete, pause and limit."""

    driver: ModelDriver

    def __init__(self) -> None:
        super().__init__()
        self.driver.reset()
        self.model, self.limits = Model(), LimitModel(TASKS)

    def cancel(self, which: int) -> None:
        """Somebody cancels a job."""
        job, now = self._job(which), self._now()
        if job.is_final and job.state != "cancelled":
            with pytest.raises(InvalidState):
                self.driver.runtime.jobs.cancel(job.id)
            return
        self.driver.runtime.jobs.cancel(job.id)
        if not job.is_final:
            self.model.cancel([job], now)

    def cancel_many(self, which: list[int]) -> None:
        """Somebody cancels several at once."""
        jobs, now = [self.model.jobs[each] for each in sorted(set(self._named(which)))], self._now()
        open_jobs = [job for job in jobs if not (job.is_final or (job.state == RUNNING and job.is_asked))]
        found = self.driver.runtime.bulk.act("cancel", {}, [job.id for job in jobs])
        assert found.affected == len(open_jobs)
        self.model.cancel(open_jobs, now)

    def retry(self, which: int) -> None:
        """An operator retries a job."""
        job, now = self._job(which), self._now()
        if not job.is_final or not self.model.retry(job, now):
            with pytest.raises(InvalidState):
                self.driver.runtime.jobs.retry(job.id)
        else:
            self.driver.runtime.jobs.retry(job.id)

    def edit(self, which: int, priority: int, queue: str, delay: int | None) -> None:
        """Somebody changes a job that has not begun."""
        job, now = self._job(which), self._now()
        changes: dict[str, Any] = {"priority": priority, "queue": queue}
        if delay is not None:
            changes["run_at"] = now + timedelta(seconds=delay)
        if job.state not in EDITABLE or job.attempt:
            with pytest.raises(InvalidState):
                self.driver.runtime.edits.edit(job.id, changes)
            return
        self.driver.runtime.edits.edit(job.id, changes)
        if delay is not None or (priority, queue) != (job.priority, job.queue):
            self.model.edit(job, priority, queue, changes.get("run_at", job.run_at), now)

    def delete(self, which: int) -> None:
        """Somebody deletes a job."""
        job = self._job(which)
        if not job.is_final:
            with pytest.raises(InvalidState):
                self.driver.runtime.jobs.delete(job.id)
            return
        self.driver.runtime.jobs.delete(job.id)
        self.model.delete(job)

    def set(self, given: tuple[str, str, str, Any]) -> None:
        """An operator pauses, resumes, or changes a limit."""
        kind, name, setting, value = given
        runtime = self.driver.runtime
        (runtime.queues if kind == "queue" else runtime.tasks).update(name, {setting: value}, "ada")
        self.limits.set(kind, name, setting, value)

    def _now(self, seconds: float = 1.0) -> datetime:
        self.driver.clock.advance(seconds)
        return self.driver.clock.now()

    def _job(self, which: int) -> ModelJob:
        return list(self.model.jobs.values())[which % len(self.model.jobs)]

    def _named(self, which: list[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._job(each).id for each in which)) if self.model.jobs else ()
