"""A file of 50 MB, attached by a worker and fetched in parts from a real server."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest

from .server_host import ServerHost

PART = 65_536
PARTS = 800


@pytest.mark.parametrize(
    ("server", "where"),
    [
        ("waitress", "simmer-files"),
        pytest.param("gunicorn -k gthread -w1", "database", marks=pytest.mark.long),
    ],
)
def test_a_large_file_is_fetched_in_parts(here: ServerHost, server: str, where: str) -> None:
    """Each part is the one that was asked for, and the whole is as long as it should be."""
    serving = here.up(server, FILES=where)
    begun = time.monotonic()
    job_id = serving.submit("attach", parts=PARTS)
    here.until_job(job_id, "succeeded")
    attached = time.monotonic()
    host = urlsplit(serving.origin).netloc
    path = f"/api/v1/jobs/{job_id}/files/large.bin"
    for number in (0, 1, 399, PARTS - 1):
        status, headers, body = fetch(host, path, f"bytes={number * PART}-{(number + 1) * PART - 1}")
        assert (status, len(body), int.from_bytes(body[:4])) == (206, PART, number)
        assert headers["Content-Range"].endswith(f"/{PARTS * PART}")
    status, headers, body = fetch(host, path)
    assert (status, len(body)) == (200, PARTS * PART)
    assert [int.from_bytes(body[at : at + 4]) for at in range(0, len(body), PART)] == list(range(PARTS))
    assert fetch(host, path, **{"If-None-Match": headers["ETag"]})[0] == 304
    assert fetch(host, path, f"bytes={PARTS * PART}-")[0] == 416
    print(f"attached in {attached - begun:.2f} s, fetched in {time.monotonic() - attached:.2f} s")


def fetch(host: str, path: str, part: str = "", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of a GET."""
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request("GET", path, headers={**headers, **({"Range": part} if part else {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
