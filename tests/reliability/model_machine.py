"""A state machine of everything that happens to jobs, a second apart, each step compared with the model."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis.stateful import invariant, rule

from app.jobs import Cancel, Snooze
from app.jobs.errors import UniqueConflict
from app.jobs.run import Outcome, Run
from app.jobs.service.submitted import Submitted
from app.jobs.states import EDITABLE, RUNNING

from .job_model import ModelJob
from .model_check import ModelCheck
from .model_driver import BACKOFF, KEPT_FOR, RETENTION, fail, sleep
from .model_operators import OperatorSteps
from .model_steps import CONTROLS, OF_JOBS, STEPS


class JobMachine(OperatorSteps):
    """Everything that users, operators, workers and the ticker do, a second apart."""

    seen: Counter[tuple[str, str | None, str]]
    """How often each event, from one state to another, was seen before the teardown, over all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.checks = ModelCheck(self.driver.database)
        self.runs: list[Run] = []
        self.workers = 0
        self.worker = self._start_worker()

    @rule(step=STEPS)
    def step(self, step: tuple[str, dict[str, Any]]) -> None:
        """One of the steps of `model_steps`, where there is something that it can be done to."""
        name, words = step
        needs = {"begin": self.runs, "end": self.runs, **dict.fromkeys(OF_JOBS, self.model.jobs)}
        if needs.get(name, True):
            getattr(self, name)(**words)

    def submit_several(self, jobs: list[dict[str, Any]]) -> None:
        """Somebody submits one job after the other."""
        for words in jobs:
            self.submit(**words)

    def work(self, behaviours: list[Any], **words: Any) -> None:
        """A worker claims, and all that runs ends, one after the other."""
        self.claim(**words)
        for at in range(len(self.runs)):
            self.end(0, behaviours[at % len(behaviours)])
            self.tables_are_as_the_model_says()

    def crash(self, begins: bool, **words: Any) -> None:
        """A worker dies with what it has just claimed, and another one finds that out."""
        self.claim(**words)
        if begins and self.runs:
            self.begin(len(self.runs) - 1)
        self.lose_worker()
        self.rescue()

    def submit(self, parents: list[int], expires_in: float | None, unique: str | None, **words: Any) -> None:
        """Somebody submits a job."""
        task, tenant, on_conflict = words.pop("task"), words.pop("tenant"), words.pop("on_conflict")
        words["depends_on"] = () if unique and on_conflict == "replace" else self._named(parents)
        options = words | ({} if expires_in is None else {"expires_in": expires_in})
        options |= {} if unique is None else {"unique_key": unique, "on_conflict": on_conflict}
        now = self._now()
        new = ModelJob(
            "", task, tenant, words["queue"], words["priority"], now + timedelta(seconds=words["delay"]),
            words["max_attempts"], None if expires_in is None else now + timedelta(seconds=expires_in),
            words["depends_on"], words["on_dependency"], unique,
        )  # fmt: skip
        holder = None if unique is None else self.model.holder(task, unique, now)
        if holder is not None and on_conflict == "reject":
            with pytest.raises(UniqueConflict, match=holder.id):
                self.driver.submit(task, tenant, options)
            return
        found = self.driver.submit(task, tenant, options)
        self._submitted(new, found, holder, on_conflict)

    def _submitted(self, new: ModelJob, found: Submitted, holder: ModelJob | None, on_conflict: str) -> None:
        now = self._now(0)
        until = now + timedelta(seconds=KEPT_FOR) if new.task == "kept" else None
        if holder is not None and on_conflict == "return":
            assert (found.job.id, found.outcome) == (holder.id, "existing")
        elif holder is not None and holder.state in EDITABLE and not holder.runs:
            assert (found.job.id, found.outcome) == (holder.id, "replaced")
            self.model.replace(holder, new, now, until)
        else:
            assert found.outcome == "stored"
            new.id = found.job.id
            self.model.submit(new, now, until)

    def claim(self, most: int, is_ahead: bool) -> None:
        """A worker claims."""
        now = self._now()
        runs = self.driver.claim(self.worker, most, is_ahead)
        claimed = [self.model.jobs[run.job_id] for run in runs]
        assert claimed == sorted(claimed, key=lambda job: job.order)
        for job in claimed:
            assert self.limits.is_claimable(job, now), job
            assert self.limits.has_room(job, self.model.jobs.values(), now), job
            self.limits.claim(job, now)
            self.model.claim(job, self.worker, self.driver.has_begun(job.id), now)
        self._check_left(claimed, most)
        self.runs += runs

    def _check_left(self, claimed: list[ModelJob], most: int) -> None:
        """No job that nothing holds is left behind those that were claimed."""
        now, jobs = self._now(0), self.model.jobs.values()
        free = [job for job in jobs if self.limits.is_claimable(job, now)]
        free = [job for job in free if not list(self.limits.limits_of(job))]
        if len(claimed) == most:
            free = [job for job in free if job.order < claimed[-1].order]
        assert free == []

    def end(self, which: int, behaviour: Any) -> None:
        """A run ends, whether or not its job is still its own."""
        run = self.runs.pop(which % len(self.runs))
        job, now = self.model.jobs.get(run.job_id), self._now()
        owns = job is not None and job.state == RUNNING and len(job.runs) == run.number
        if behaviour == "released":
            self.driver.end(run, Outcome("released"))
        else:
            self.driver.run(run, behaviour if callable(behaviour) else lambda: behaviour)
        if owns:
            assert job is not None
            verb, delay = self._verb(job, behaviour)
            self.model.finish(job, verb, now, delay)

    def _verb(self, job: ModelJob, behaviour: Any) -> tuple[str, float]:
        now = self._now(0)
        if behaviour is fail:
            return ("retrying" if job.attempt < job.max_attempts else "failed"), BACKOFF
        if behaviour is sleep:
            if job.sleeps_until is None:
                job.sleeps_until = now + timedelta(seconds=30)
            left = (job.sleeps_until - now).total_seconds()
            return ("snoozed", left) if left > 0 else ("succeeded", 0)
        if isinstance(behaviour, Snooze):
            return "snoozed", behaviour.seconds
        if isinstance(behaviour, Cancel):
            return "cancelled", 0
        return behaviour or "succeeded", 0

    def begin(self, which: int) -> None:
        """The start of a run is stored."""
        run, _ = self.runs[which % len(self.runs)], self._now()
        self.driver.begin(run)
        job = self.model.jobs.get(run.job_id)
        if job is not None and job.state == RUNNING and len(job.runs) == run.number:
            job.has_begun = True

    def lose_worker(self) -> None:
        """A process dies, and another one comes up."""
        self.driver.end_worker(self.worker)
        self.worker = self._start_worker()

    def rescue(self) -> None:
        """A worker finds the jobs of the dead."""
        now = self._now()
        lost = [job for job in self.model.jobs.values() if job.state == RUNNING and job.worker != self.worker]
        found = self.driver.rescue()
        verbs = {job.id: self.model.rescue(job, job.task == "once", now) for job in lost}
        assert {job_id: found[job_id] for job_id in verbs} == verbs
        assert all(self.model.jobs[job_id].is_for_parent for job_id in found.keys() - verbs.keys())

    def expire(self) -> None:
        """The ticker cancels what has expired."""
        now = self._now()
        self.driver.expire()
        self.model.expire(now)

    def prune(self) -> None:
        """The ticker deletes what is old."""
        now = self._now()
        self.driver.prune()
        self.model.prune(now - timedelta(seconds=RETENTION), now)

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self._now(seconds)

    @invariant()
    def tables_are_as_the_model_says(self) -> None:
        """All of them."""
        self.checks.compare(self.model, self._now(0))

    def teardown(self) -> None:
        """Once nothing is paused, and every run ends, every job does."""
        if sys.exc_info()[0] is not None:
            return
        self._count()
        for kind, name, setting in sorted({given[:3] for given in CONTROLS}):
            self.set((kind, name, setting, "1000/m" if setting == "rate" else None))
        for _ in range(len(self.model.jobs) + 3):
            self.wait(61)
            self.expire()
            self.rescue()
            self.claim(1_000, is_ahead=False)
            while self.runs:
                self.end(0, None)
            if all(job.is_final for job in self.model.jobs.values()):
                break
        self.tables_are_as_the_model_says()
        assert [job for job in self.model.jobs.values() if not job.is_final] == []

    def _count(self) -> None:
        self.seen.update(event[:3] for job in self.model.jobs.values() for event in job.events)
        self.seen.update(("run", None, str(run[1])) for job in self.model.jobs.values() for run in job.runs)

    def _start_worker(self) -> str:
        self.workers += 1
        worker = f"worker-{self.workers}"
        self.driver.start_worker(worker)
        return worker
