"""Chains, batches and diamonds on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs import Batch, InvalidArguments, Job, Simmer, current_job

from .driver import ENGINES, EngineDriver


@pytest.fixture
def jobs(driver: EngineDriver) -> Simmer:
    """The driver's Simmer, with tasks."""
    made = driver.jobs

    @made.task
    def start(value: int = 1) -> int:
        return value

    @made.task
    def double(value: int, extra: int = 0) -> int:
        return 2 * value + extra

    @made.task
    def total(values: list[int | None]) -> int:
        return sum(value or 0 for value in values)

    @made.task
    def fail() -> None:
        raise ValueError("no luck")

    @made.task
    def results() -> list[Any]:
        return list(current_job.results)

    return made


def test_a_chain_passes_results_on(driver: EngineDriver, jobs: Simmer) -> None:
    """Through jobs and a batch, whose results are a list; `into` names another argument."""
    start, double, total = (task_of(jobs, name) for name in ("start", "double", "total"))
    both = jobs.batch([double.s(), double.s(1, into="extra")])
    last = jobs.chain(start.s(value=3), double.s(), both, total.s()).submit()
    assert isinstance(last, Job)
    done = driver.finish(last)
    assert (done.result, done.args) == (12 + 8, {})


def test_a_diamond_joins(driver: EngineDriver, jobs: Simmer) -> None:
    """The last one runs once, after both sides, and sees their results in order."""
    top = jobs.submit("start", {"value": 5})
    left = jobs.submit("double", {"value": 1}, depends_on=[top])
    right = jobs.submit("double", {"value": 2}, depends_on=top.id)
    bottom = jobs.submit("results", depends_on=[right, left])
    assert driver.finish(bottom).result == [4, 2]
    assert driver.outcomes(bottom) == [(1, 1, "succeeded")]


def test_a_batch_calls_back_once(driver: EngineDriver, jobs: Simmer) -> None:
    """`on_done` gets what there is, and is not repeated by a retry; `on_success` is cancelled."""
    start, fail, total, results = (task_of(jobs, name) for name in ("start", "fail", "total", "results"))
    made = jobs.batch(
        [start.s(value=2), fail.s(), start.s(value=3)], on_done=total.s(), on_success=results.s()
    )
    batch = made.submit()
    assert isinstance(batch, Batch)
    assert batch.on_done is not None
    assert batch.on_success is not None
    assert driver.finish(jobs.get(batch.on_done)).result == 5
    assert driver.finish(jobs.get(batch.on_success)).state == "cancelled"
    assert jobs.retry_batch(batch.id).total == 3
    failed = next(job for job in jobs.list(batch_id=batch.id) if job.task == "fail")
    driver.finish(failed)
    assert len(driver.outcomes(jobs.get(batch.on_done))) == 1
    assert driver.finish(jobs.get(batch.on_success)).state == "cancelled"


def test_a_failure_cancels_the_rest_of_a_chain(driver: EngineDriver, jobs: Simmer) -> None:
    """Down to its end; with `run` a step goes on without that result."""
    start, fail, double, results = (task_of(jobs, name) for name in ("start", "fail", "double", "results"))
    last = jobs.chain(start.s(), fail.s(into=None), double.s(), double.s()).submit()
    assert driver.finish(jobs.get(last.id)).state == "cancelled"
    stubborn = results.options(on_dependency="run").s(into=None)
    last = jobs.chain(fail.s(), stubborn).submit()
    assert driver.finish(jobs.get(last.id)).result == [None]


def test_a_result_that_does_not_fit_fails_the_job(driver: EngineDriver, jobs: Simmer) -> None:
    """When it runs, naming the argument."""
    start, total = task_of(jobs, "start"), task_of(jobs, "total")
    done = driver.finish(jobs.get(jobs.chain(start.s(), total.s()).submit().id))
    assert done.state == "failed"
    assert done.error is not None
    assert done.error["type"] == "InvalidArguments"
    assert done.error["message"].startswith("the result that the argument 'values' takes does not fit")


def test_a_chain_joins_the_callers_transaction(driver: EngineDriver, jobs: Simmer) -> None:
    """It exists if and only if that commits; so does a job that depends on one of the same transaction."""
    start, double = task_of(jobs, "start"), task_of(jobs, "double")
    session = driver.db.session
    gone = jobs.chain(start.s(), double.s()).submit(session=session)
    session.rollback()
    assert not [job for job in jobs.list() if job.id == gone.id]
    first = start.options(session=session).submit()
    second = jobs.submit("results", depends_on=[first], session=session)
    assert second.state == "waiting"
    session.commit()
    assert driver.finish(second).result == [1]


def test_an_empty_batch_is_done_at_once(driver: EngineDriver, jobs: Simmer) -> None:
    """A fan-out over nothing calls back too."""
    total = task_of(jobs, "total")
    batch = jobs.batch([], on_done=total.s(), on_success=total.s()).submit()
    for callback in (batch.on_done, batch.on_success):
        assert callback is not None
        assert driver.finish(jobs.get(callback)).result == 0
    assert jobs.get_batch(batch.id).progress["percent"] == 100


@pytest.mark.parametrize("engine", [each for each in ENGINES if each != "inline"], indirect=True)
def test_a_batch_is_cancelled_as_a_whole(driver: EngineDriver, jobs: Simmer) -> None:
    """What has not begun is cancelled, and what waits for the batch goes on, where anything waits."""
    start, total = task_of(jobs, "start"), task_of(jobs, "total")
    batch = jobs.batch([start.options(delay=600).s() for _ in range(3)], on_done=total.s()).submit()
    assert jobs.cancel_batch(batch.id).counts["cancelled"] == 3
    assert batch.on_done is not None
    assert driver.finish(jobs.get(batch.on_done)).result == 0


def test_an_unknown_parent_is_refused(jobs: Simmer) -> None:
    """With the place of its id."""
    unknown = "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"
    with pytest.raises(InvalidArguments, match="#/depends_on/1: no job has this id"):
        jobs.submit("results", depends_on=[jobs.submit("start").id, unknown])


def task_of(jobs: Simmer, name: str) -> Any:
    """The task of that name."""
    return jobs.task(jobs.registry.get(name).function)
