"""Chains and batches become jobs, in steps, each with what it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from ..errors import InvalidArguments, pointer, problem
from ..ids import new_id
from ..options import SubmitOptions
from ..store import dependencies
from ..store.batches import NewBatch
from ..store.dependencies import Step, UnknownParents
from ..store.new_jobs import NewJob
from ..tasks.submission import BatchSubmission, Submission
from .job_factory import JobFactory

Part = Submission | BatchSubmission
ON_DEPENDENCY: Final = {"on_done": "run", "on_success": "cancel"}
"""What becomes of the job that waits for a batch, when a job of the batch did not succeed."""


class Composition:
    """Steps that are submitted together, and the place of each job in what was asked for."""

    def __init__(self, factory: JobFactory, now: datetime) -> None:
        self._factory, self._now = factory, now
        self.steps: list[Step] = []
        self.places: list[str] = []

    @property
    def jobs(self) -> list[NewJob]:
        """The jobs of all steps."""
        return [new for step in self.steps for new in step.jobs]

    def add_chain(self, parts: Sequence[Part]) -> NewJob | NewBatch:
        """Each part waits for the one before; returns the last one. Raises InvalidArguments."""
        last: NewJob | NewBatch | None = None
        for index, part in enumerate(parts):
            after = () if last is None else (last.id,)
            if isinstance(part, BatchSubmission):
                last = self.add_batch(part, f"#/{index}", after)
            else:
                last = self.add_job(part, f"#/{index}", after)
        assert last is not None, "a chain of nothing"
        return last

    def add_batch(self, batch: BatchSubmission, where: str = "#", after: tuple[str, ...] = ()) -> NewBatch:
        """A batch, whose jobs wait for `after`, and the jobs that wait for it; raises InvalidArguments."""
        batch_id = new_id(self._now)
        members = [(f"{where}/jobs/{index}", each) for index, each in enumerate(batch.jobs)]
        jobs = self._make(members, after, batch_id=batch_id)
        # Before those that wait for it, which it names.
        place = len(self.steps)
        self.steps.append(Step(jobs))
        callbacks: dict[str, str] = {}
        for name, on_dependency in ON_DEPENDENCY.items():
            if (callback := getattr(batch, name)) is not None:
                callbacks[name] = self.add_job(callback, f"{where}/{name}", (batch_id,), on_dependency).id
        made = NewBatch(batch_id, len(members), self._now, **callbacks)
        self.steps[place] = Step(jobs, made)
        return made

    def add_job(
        self, submission: Submission, where: str, after: tuple[str, ...], on_dependency: str | None = None
    ) -> NewJob:
        """A job that waits for `after`; raises InvalidArguments."""
        (new,) = self._make([(where, submission)], after, on_dependency)
        self.steps.append(Step([new]))
        return new

    def _make(
        self, submissions: Sequence[tuple[str, Submission]], after: tuple[str, ...],
        on_dependency: str | None = None, **origin: Any,
    ) -> list[NewJob]:  # fmt: skip
        self.places += [place for place, _ in submissions]
        if after:
            submissions = [(at, _after(each, at, after, on_dependency)) for at, each in submissions]
        return self._factory.make_jobs(submissions, self._now, **origin)


def refusal(error: UnknownParents, places: Sequence[str], made: Sequence[NewJob]) -> InvalidArguments:
    """What is raised where jobs, at these places of what was asked for, depend on what does not exist."""
    words = "no job has this id, and no batch that others wait for"
    return InvalidArguments([
        problem(pointer(place, "depends_on", at), words)
        for place, new in zip(places, made, strict=True)
        for at, id in enumerate(dependencies.depends_on(new)) if id in error.ids
    ])  # fmt: skip


def refuse_unique(places: Sequence[str], made: Sequence[NewJob]) -> None:
    """Refuse unique keys: others of the submission name a job, or count it, that may not be stored."""
    words = (
        "a job with a unique key cannot be in a chain, or in a batch that others wait for: submit it by"
        " itself, and name it in depends_on"
    )
    unique = [place for place, new in zip(places, made, strict=True) if new.unique is not None]
    if unique:
        raise InvalidArguments([problem(place, words) for place in unique])


def _after(
    submission: Submission, place: str, after: tuple[str, ...], on_dependency: str | None
) -> Submission:
    own: SubmitOptions = {**submission.options}
    if "depends_on" in own:
        words = "it waits for what it stands behind: leave depends_on out, or submit it by itself"
        raise InvalidArguments([problem(f"{place}/depends_on", words)])
    own["depends_on"] = after
    if on_dependency is not None:
        own["on_dependency"] = on_dependency  # type: ignore[typeddict-item]
    return Submission(submission.task, submission.args, own, submission.into)
