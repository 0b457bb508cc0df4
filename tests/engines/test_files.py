"""Files that a task attaches, on every engine."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from app.jobs import FileNotFound, JobNotFound, current_job

from .conftest import MakeDriver
from .driver import EngineDriver


def test_a_task_attaches_files(driver: EngineDriver, tmp_path: Path) -> None:
    """A path, bytes or an open file: they are the job's, and can be read by anybody."""
    path = tmp_path / "report.csv"
    path.write_bytes(b"a,b\n1,2\n")

    @driver.jobs.task("work")
    def work() -> list[Any]:
        by_path = current_job.attach(path)
        current_job.attach(b"%PDF", name="räport.pdf")
        with path.open("rb") as file:
            current_job.attach(file, name="data/2030.bin", content_type="application/x-data")
        return [by_path.name, by_path.size, by_path.content_type, by_path.sha256]

    job = driver.run("work")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert job.result == ["report.csv", 8, "text/csv", digest]
    found = {file.name: (file.size, file.content_type) for file in driver.jobs.files(job.id)}
    assert found == {
        "2030.bin": (8, "application/x-data"),
        "report.csv": (8, "text/csv"),
        "räport.pdf": (4, "application/pdf"),
    }
    with driver.jobs.open_file(job.id, "report.csv") as content:
        assert content.read() == b"a,b\n1,2\n"


def test_outside_a_job_there_is_nothing_to_attach_to() -> None:
    """It is an error that says so."""
    with pytest.raises(RuntimeError, match=r"current_job\.attach needs a running job"):
        current_job.attach(b"x", name="x")


@pytest.mark.parametrize("where", ["simmer-files", "database", "memory://tests/replaced"])
def test_a_name_that_is_there_is_replaced(make_driver: MakeDriver, where: str) -> None:
    """The last content counts; what it replaced is removed."""
    driver = make_driver("manual", JOBS_FILES=where)

    @driver.jobs.task("work")
    def work() -> None:
        for text in (b"first", b"second", b""):
            current_job.attach(io.BytesIO(text), name="out.txt")

    job = driver.run("work")
    (file,) = driver.jobs.files(job.id)
    assert file.size == 0
    with driver.jobs.open_file(job.id, "out.txt") as content:
        assert content.read() == b""
    assert driver.jobs.runtime.files.sweep(10) == 2
    assert driver.jobs.runtime.files.sweep(10) == 0


def test_unknown_files_are_told(make_driver: MakeDriver) -> None:
    """Whether the job is not there, or its file."""
    driver = make_driver("manual")
    driver.jobs.task("work")(lambda: None)
    job = driver.run("work")
    assert driver.jobs.files(job.id) == []
    with pytest.raises(FileNotFound, match="'x'"):
        driver.jobs.open_file(job.id, "x")
    for ask in (driver.jobs.files, lambda id: driver.jobs.open_file(id, "x")):
        with pytest.raises(JobNotFound):
            ask("00000000-0000-7000-8000-000000000000")


@pytest.mark.parametrize(
    ("settings", "sizes", "kept"),
    [
        ({"JOBS_MAX_FILE_BYTES": 10}, [10, 11], 1),
        ({"JOBS_MAX_JOB_FILES_BYTES": 10}, [4, 6, 1], 2),
    ],
)
def test_what_is_too_large_fails_its_job_for_good(
    make_driver: MakeDriver, settings: dict[str, int], sizes: list[int], kept: int
) -> None:
    """The limits of a file and of all files of a job; nothing of what was refused stays."""
    driver = make_driver("manual", **settings)

    @driver.jobs.task("work", max_attempts=3)
    def work() -> None:
        for number, size in enumerate(sizes):
            current_job.attach(bytes(size), name=f"{number}.bin")

    job = driver.run("work")
    assert job.error is not None
    assert (job.state, job.attempt, job.error["type"]) == ("failed", 1, "FileTooLarge")
    assert next(iter(settings)) in job.error["message"]
    assert len(driver.jobs.files(job.id)) == kept
    assert driver.jobs.runtime.files.sweep(10) == 1


@pytest.mark.parametrize(
    ("content", "words", "error"),
    [
        ("/nowhere/x.csv", {}, "FileNotFoundError"),
        (b"x", {}, "ValueError"),
        (b"x", {"name": "../.."}, "ValueError"),
        (b"x", {"name": "é" * 128}, "ValueError"),
        (b"x", {"name": "x", "content_type": "text/html\r\nX: y"}, "ValueError"),
        (7, {"name": "x"}, "TypeError"),
        (io.StringIO("text"), {"name": "x"}, "TypeError"),
    ],
)
def test_what_cannot_be_attached_is_the_tasks_error(
    make_driver: MakeDriver, content: Any, words: dict[str, str], error: str
) -> None:
    """It is an error of the attempt, and nothing is kept."""
    driver = make_driver("manual")
    driver.jobs.task("work")(lambda: current_job.attach(content, **words))
    job = driver.run("work")
    assert job.error is not None
    assert job.error["type"] == error
    assert driver.jobs.files(job.id) == []
