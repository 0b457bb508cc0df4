"""`SimmerClient` against a real server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from app.jobs import (
    BatchNotFound,
    InvalidArguments,
    InvalidState,
    Job,
    JobNotFound,
    ScheduleNotFound,
    UniqueConflict,
    UnknownTask,
)
from app.jobs.client import ApiError, SimmerClient

from .conftest import Service

UNKNOWN = "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"


def test_a_job_is_submitted_and_waited_for(service: Service) -> None:
    """Its result is that of the task."""
    job = service.client.submit("count", {"to": 2}, tags=["first"], priority=-5)
    assert (job.state, job.tags, job.priority) == ("queued", ("first",), -5)
    done = service.client.wait(job.id, timeout=10)
    assert (done.id, done.state, done.result) == (job.id, "succeeded", 2)
    assert service.client.result(job.id) == 2


def test_a_job_is_the_same_value_as_in_process(service: Service) -> None:
    """All attributes, times and tuples too; but for how fast it is, which no JSON shows."""
    id = service.client.submit("add", {"a": 1}, tags=("a", "b"), meta={"tenant": 7}).id
    service.client.wait(id, timeout=10)
    with service.here.app.app_context():
        assert service.client.get(id) == service.here.jobs.get(id)


def test_progress_is_told_as_it_changes(service: Service) -> None:
    """The first call is with the job as it is, the last with its end."""
    seen: list[Job] = []
    job = service.client.submit("count", {"to": 3})
    done = service.client.wait(job.id, 10, on_progress=seen.append)
    assert done.is_final
    assert seen[-1] == done
    versions = [each.version for each in seen]
    assert versions == sorted(set(versions))


def test_a_wait_ends_with_its_time(service: Service) -> None:
    """The job is returned as it is then; a wait of nothing looks once."""
    job = service.client.submit("add", delay=3600)
    assert service.client.wait(job.id, timeout=0).state == "scheduled"
    assert service.client.wait(job.id, timeout=0.2, on_progress=lambda job: None).state == "scheduled"


def test_arguments_and_options_are_encoded_as_in_process(service: Service) -> None:
    """Times, decimals and durations; several of one, jobs and batches by themselves."""
    run_at = datetime.now(UTC) + timedelta(hours=1)
    first = service.client.submit("echo", {"value": [Decimal("1.5"), run_at]}, run_at=run_at, tags=["one"])
    assert first.args["value"] == ["1.5", run_at.isoformat().replace("+00:00", "Z")]
    assert (first.run_at, first.tags) == (run_at, ("one",))
    held = service.client.submit("add", delay=timedelta(minutes=5), depends_on=first, timeout=None)
    assert held.depends_on == (first.id,)
    with pytest.raises(InvalidArguments) as refused:
        service.client.submit("echo", {"value": {"x": {1, 2}}})
    assert refused.value.errors[0]["pointer"] == "#/args/value/x"


def test_many_are_submitted_at_once(service: Service) -> None:
    """In one batch, whose ids are in the order of the arguments."""
    made = service.client.submit_many("add", [{"a": number} for number in range(3)], tags=["many"])
    assert [service.client.get(id).args for id in made.job_ids] == [{"a": number} for number in range(3)]
    for id in made.job_ids:
        service.client.wait(id, 10)
    batch = service.client.get_batch(made.id)
    assert (batch.total, batch.counts["succeeded"]) == (3, 3)
    assert service.client.cancel_batch(made.id) == batch
    with service.here.app.app_context():
        assert batch == service.here.jobs.get_batch(made.id)


def test_a_list_goes_over_all_pages(service: Service) -> None:
    """More than a page, the newest first, each whole also where a page leaves something out."""
    tag = uuid4().hex
    long = {"value": "x" * 5_000}
    ids = list(service.client.submit_many("echo", [{}] * 120, delay=3600, tags=[tag]).job_ids)
    ids.append(service.client.submit("echo", long, delay=3600, tags=[tag]).id)
    found = list(service.client.list(tag=tag, state=["scheduled", "queued"]))
    assert [job.id for job in found] == sorted(ids, reverse=True)
    assert found[0].args == long
    after = found[0].created_at - timedelta(microseconds=1)
    assert [job.id for job in service.client.list(tag=tag, created_after=after)] == ids[-1:]


def test_jobs_are_found_by_their_json(service: Service) -> None:
    """By a number, by a text, by one of several."""
    tag = uuid4().hex
    for tenant in (7, "7", "eight"):
        service.client.submit("echo", {"value": tenant}, delay=60, tags=[tag], meta={"tenant": tenant})
    found = service.client.list(tag=tag, meta={"tenant": [7, "eight"]})
    assert {job.args["value"] for job in found} >= {7, "eight"}
    assert [job.args["value"] for job in service.client.list(tag=tag, args={"value": "eight"})] == ["eight"]


def test_a_job_is_cancelled_retried_and_deleted(service: Service) -> None:
    """One that waits at once, one that runs when it looks; what has ended runs once more."""
    client = service.client
    job = client.cancel(client.submit("add", delay=3600).id)
    assert job.state == "cancelled"
    assert client.retry(job.id).state in ("queued", "running", "succeeded")
    assert client.wait(job.id, 10).state == "succeeded"
    with pytest.raises(InvalidState, match="409") as refused:
        client.cancel(job.id)
    assert isinstance(refused.value, ApiError)
    client.delete(job.id)
    with pytest.raises(JobNotFound):
        client.get(job.id)
    running = client.submit("hold", timeout=30)
    client.cancel(running.id)
    assert client.wait(running.id, 10).state == "cancelled"


def test_logs_are_read_by_pages(service: Service) -> None:
    """Lines as in process, and a cursor that leads on."""
    id = service.client.submit("count", {"to": 2}).id
    service.client.wait(id, 10)
    page = service.client.logs(id)
    assert [line.message for line in page] == ["at 0", "at 1"]
    assert page.is_last
    assert list(service.client.logs(id, after=page.next_cursor)) == []
    assert list(service.client.logs(id, level="error")) == []
    with service.here.app.app_context():
        assert list(page) == list(service.here.jobs.logs(id))


def test_schedules_are_shown_paused_and_run(service: Service) -> None:
    """As values of the package."""
    client = service.client
    with service.here.app.app_context():
        shown = service.here.jobs.get_schedule("hourly")
    assert [each.id for each in client.list_schedules()] == ["hourly"]
    assert {**client.get_schedule("hourly").as_dict(), "args": None} == {**shown.as_dict(), "args": None}
    assert client.pause_schedule("hourly").paused
    assert not client.resume_schedule("hourly").paused
    assert client.run_schedule("hourly").schedule_id == "hourly"


def test_refusals_are_the_exceptions_of_the_package(service: Service) -> None:
    """Each with what the problem document says."""
    client = service.client
    with pytest.raises(UnknownTask) as unknown:
        client.submit("no.such.task")
    assert isinstance(unknown.value, ApiError)
    assert (unknown.value.status, unknown.value.type) == (422, "unknown-task")
    with pytest.raises(InvalidArguments) as invalid:
        client.submit("count", {"to": "many"})
    assert invalid.value.errors == [{"pointer": "#/args/to", "detail": "Must be an integer."}]
    with pytest.raises(JobNotFound):
        client.wait(UNKNOWN, 5)
    with pytest.raises(BatchNotFound):
        client.get_batch(UNKNOWN)
    with pytest.raises(ScheduleNotFound):
        client.run_schedule("none")
    with pytest.raises(JobNotFound):
        client.get("../../health/live")
    first = client.submit("add", delay=60, unique_key="one")
    with pytest.raises(UniqueConflict) as taken:
        client.submit("add", delay=60, unique_key="one", on_conflict="reject")
    assert taken.value.job_id == first.id


def test_rights_are_those_of_the_token(service: Service) -> None:
    """A reader may not submit, and nobody is let in without a token."""
    with SimmerClient(f"{service.address}/api/v1", "token-of-a-reader") as reader:
        assert list(reader.list(tag="none")) == []
        with pytest.raises(ApiError, match="403") as refused:
            reader.submit("add")
        assert refused.value.type == "forbidden"
    with SimmerClient(service.address) as nobody, pytest.raises(ApiError, match="401"):
        nobody.get(UNKNOWN)


def test_one_client_serves_many_threads(service: Service) -> None:
    """Each gets its own answers."""
    found: dict[int, object] = {}

    def submit(number: int) -> None:
        id = service.client.submit("echo", {"value": number}).id
        found[number] = service.client.wait(id, 20).result

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {number: number for number in range(12)}


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [
        ("jobs.example.com", None, "is not the address"),
        ("ftp://jobs.example.com", None, "is not the address"),
        ("http://", None, "is not the address"),
        ("http://host/api?x=1", None, "is not the address"),
        ("http://user:secret@host/api", None, "token="),
        ("http://host:port/api", None, "Port"),
        (f"http://{'x' * 64}.example/api", None, "host"),
        ("http://host/api", "a\nb", "printable"),
        ("http://host/api", "é", "printable"),
    ],
)
def test_what_is_no_address_is_refused_at_once(url: str, token: str | None, words: str) -> None:
    """Not at the first request."""
    with pytest.raises(ValueError, match=words):
        SimmerClient(url, token)
