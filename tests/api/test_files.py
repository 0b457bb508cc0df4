"""`GET /jobs/{id}/files` and `/files/{name}`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from app.jobs import current_job

from .api_client import ApiClient, api_client, is_problem

CONTENT = bytes(range(256)) * 2_000
NAME = 'räport "1".html'


@pytest.fixture(scope="module", params=["simmer-files", "database"])
def api(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[ApiClient]:
    """An app whose jobs run on demand, once for each place of files."""
    with api_client(tmp_path_factory.mktemp("files"), files=request.param) as made:

        @made.jobs.task
        def work() -> None:
            current_job.attach(CONTENT, name=NAME)
            current_job.attach(b"a,b\n", name="a.csv", content_type="text/csv; charset=utf-8")

        yield made


@pytest.fixture(scope="module")
def job_id(api: ApiClient) -> str:
    """A job with two files, which all tests may read."""
    return with_files(api)


def with_files(api: ApiClient) -> str:
    """A job with two files."""
    made: str = api.submit("work")["id"]
    api.drain()
    return made


def address(job_id: str, name: str = NAME) -> str:
    """Where the file is, below the API's prefix."""
    return f"/jobs/{job_id}/files/{quote(name)}"


def fetch(api: ApiClient, job_id: str, name: str = NAME, **options: Any) -> TestResponse:
    """The answer to a GET of the file, which is closed."""
    return api.get(address(job_id, name), buffered=True, **options)


def test_the_files_of_a_job_are_listed(api: ApiClient, job_id: str) -> None:
    """By name, with size, type, digest and time."""
    items = api.get(f"/jobs/{job_id}/files").get_json()["items"]
    assert [item["name"] for item in items] == ["a.csv", NAME]
    assert items[1] == {
        "name": NAME, "size": len(CONTENT), "content_type": "text/html",
        "sha256": hashlib.sha256(CONTENT).hexdigest(), "created_at": items[1]["created_at"],
    }  # fmt: skip
    assert items[1]["created_at"].endswith("Z")


def test_a_file_is_an_attachment(api: ApiClient, job_id: str) -> None:
    """Never a page of the host's, whatever a task wrote, and its name is safe in the header."""
    answer = fetch(api, job_id)
    assert (answer.status_code, answer.get_data()) == (200, CONTENT)
    headers = answer.headers
    assert headers["Content-Type"] == "text/html"
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert headers["Accept-Ranges"] == "bytes"
    disposition = headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''r%C3%A4port%20%221%22.html" in disposition
    assert fetch(api, job_id, "a.csv").headers["Content-Type"] == "text/csv; charset=utf-8"


def test_the_head_of_a_file_is_the_same_without_its_content(api: ApiClient, job_id: str) -> None:
    """For clients that look before they fetch."""
    answer = api.client.head(f"/api/v1{address(job_id)}", buffered=True)
    assert (answer.status_code, answer.get_data()) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=262140-262150", 262_140, 262_150),
        ("bytes=511990-", 511_990, 511_999),
        ("bytes=-7", 511_993, 511_999),
        ("bytes=511990-999999", 511_990, 511_999),
    ],
)
def test_a_part_of_a_file_can_be_fetched(
    api: ApiClient, job_id: str, wanted: str, first: int, last: int
) -> None:
    """206 with the bytes that Range names, also where they begin in one stored part and end in the next."""
    answer = fetch(api, job_id, headers={"Range": wanted})
    assert (answer.status_code, answer.get_data()) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"


@pytest.mark.parametrize("wanted", ["bytes=512000-", "bytes=0-1,5-6"])
def test_a_part_that_there_is_not_is_416(api: ApiClient, job_id: str, wanted: str) -> None:
    """It says how long the file is; several parts at once are not given."""
    answer = fetch(api, job_id, headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_who_has_it_already_gets_304(api: ApiClient, job_id: str) -> None:
    """By If-None-Match; If-Range gives the whole file where it has changed."""
    etag = fetch(api, job_id).headers["ETag"]
    answer = fetch(api, job_id, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.get_data()) == (304, b"")
    changed = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert fetch(api, job_id, headers=changed).status_code == 200
    assert fetch(api, job_id, headers={**changed, "If-Range": etag}).status_code == 206


@pytest.mark.parametrize("name", ["b.csv", "\0", "\ud800", "..", "x" * 300])
def test_another_file_is_not_found(api: ApiClient, job_id: str, name: str) -> None:
    """Whatever its name."""
    path = f"/jobs/{job_id}/files/{quote(name, errors='surrogatepass')}"
    is_problem(api.get(path), 404, "not-found")


def test_a_job_that_is_deleted_takes_its_files_along(api: ApiClient) -> None:
    """Nobody can fetch them any more, and the next sweep leaves nothing of them."""
    folder = Path(api.app.instance_path)
    before, job_id = stored_files(folder), with_files(api)
    assert api.client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    is_problem(api.get(address(job_id)), 404, "not-found")
    is_problem(api.get(f"/jobs/{job_id}/files"), 404, "not-found")
    with api.app.app_context():
        assert api.jobs.runtime.files.sweep(10) == 2
    assert stored_files(folder) == before


def test_a_part_of_a_file_behind_a_url(tmp_path: Path) -> None:
    """What fsspec keeps is fetched as what a folder keeps: in parts, and by its tag."""
    with api_client(tmp_path, files=f"file://{tmp_path}/elsewhere") as api:
        content = bytes(range(256)) * 10_000
        api.jobs.task("work")(lambda: current_job.attach(content, name="x").size)
        path = address(api.submit("work")["id"], "x")
        api.drain()
        assert [len(file.read_bytes()) for file in (tmp_path / "elsewhere").glob("*/*")] == [len(content)]
        part = api.get(path, headers={"Range": "bytes=2000000-2000009"})
        assert (part.status_code, part.get_data()) == (206, content[2_000_000:2_000_010])
        whole = api.get(path)
        assert whole.get_data() == content
        assert api.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_content_that_is_lost_is_not_found(tmp_path: Path) -> None:
    """A folder of another machine, say: the answer says what is needed."""
    with api_client(tmp_path) as api:
        api.jobs.task("work")(lambda: current_job.attach(b"x", name="x").size)
        job_id = api.submit("work")["id"]
        api.drain()
        for path in stored_files(tmp_path):
            path.unlink()
        problem = is_problem(api.get(address(job_id, "x")), 404, "not-found")
        assert "JOBS_FILES" in problem["detail"]


def stored_files(folder: Path) -> list[Any]:
    """What is kept in the folder of files."""
    return sorted(path for path in (folder / "simmer-files").rglob("*") if path.is_file())
