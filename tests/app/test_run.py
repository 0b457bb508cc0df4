"""`run.py`: how it is started, what it refuses, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..support import eventually
from .support import ROOT, csv_text, fetch, people, served


def load_run() -> Any:
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run = load_run()


def ended(*arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code and the words of a run that does not serve."""
    done = subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::1", "::1"),
        ("localhost", "localhost"),
        ("my-box", "127.0.0.1"),
    ],
)
def test_a_host_of_the_environment_must_be_an_address(given: str, used: str) -> None:
    """Shells set HOST to the machine's name: that is ignored."""
    assert run.host_from({"HOST": given}) == used


def test_an_ignored_host_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """One note, so that nobody wonders."""
    run.host_from({"HOST": "my-box"})
    assert "HOST=my-box is ignored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"),
        ("0.0.0.0", "http://127.0.0.1:80/"),
        ("::", "http://[::1]:80/"),
        ("localhost", "http://localhost:80/"),
    ],
)
def test_the_address_is_one_for_a_browser(host: str, address: str) -> None:
    """What is bound to every address is reached on this machine."""
    assert run.browser_url(host, 80) == address


def test_help_names_the_options() -> None:
    """Host, port, threads, role and debug."""
    code, words = ended("--help")
    assert code == 0
    for option in ("--host", "--port", "--threads", "--role", "--debug"):
        assert option in words
    assert "--check" not in words


def test_a_taken_port_is_one_line() -> None:
    """It says which port, and how to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, words = ended("--port", str(port))
    assert code == 1
    assert words.count("\n") == 1
    assert f"Port {port}" in words
    assert "PORT=5001" in words


@pytest.mark.parametrize(
    ("arguments", "environment", "advice"),
    [
        (["--port", "x"], {}, "choose a number"),
        (["--port", "70000"], {}, "choose a number"),
        (["--host", "example.com", "--port", "0"], {}, "IP address or localhost"),
        (["--host", "0.0.0.0", "--port", "0"], {}, "JOBS_API_TOKENS"),
        (["--port", "0"], {"SMTP_URL": "mail"}, "smtp://"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], advice: str
) -> None:
    """Without a traceback, saying what to do."""
    code, words = ended(*arguments, DATABASE_URL=f"sqlite:///{tmp_path}/run.db", **environment)
    assert code == 1
    assert words.count("\n") == 1
    assert advice in words


def test_with_tokens_it_serves_other_machines(tmp_path: Path) -> None:
    """Whoever sets tokens may bind every address, and needs a token then."""
    tokens = '{"a-long-secret": ["read"]}'
    with served(tmp_path, "--host", "0.0.0.0", FLASK_JOBS_API_TOKENS=tokens) as (process, address):
        with pytest.raises(OSError, match="401"):
            fetch(f"{address}api/v1/tasks")
        process.terminate()
        assert process.wait(30) == 0


def test_it_serves_runs_jobs_and_ends_at_sigterm(tmp_path: Path) -> None:
    """The periodic job ticks, a submitted job runs to its end, and SIGTERM is a clean exit."""
    with served(tmp_path, "--threads", "2") as (process, address):
        job = fetch(f"{address}api/v1/jobs", b'{"task": "count", "args": {"to": 2, "pause": 0}}')
        assert fetch(f"{address}api/v1/jobs/{job['id']}?wait=10")["result"] == {"counted_to": 2}
        eventually(lambda: fetch(f"{address}updates?format=json")["items"])
        workers = fetch(f"{address}api/v1/workers")["items"]
        assert [worker["threads"] for worker in workers] == [2]
        process.terminate()
        assert process.wait(30) == 0


def test_a_web_role_takes_jobs_and_runs_none(tmp_path: Path) -> None:
    """HTTP only: the job waits for a worker."""
    with served(tmp_path, "--role", "web") as (process, address):
        job = fetch(f"{address}api/v1/jobs", b'{"task": "count"}')
        assert fetch(f"{address}api/v1/jobs/{job['id']}?wait=1")["state"] == "queued"
        assert fetch(f"{address}api/v1/workers")["items"] == []
        process.terminate()
        process.wait(30)


def test_a_proxy_closes_the_service(tmp_path: Path) -> None:
    """The header that a proxy adds reaches the check: without tokens the answer is 403."""
    from urllib.request import Request, urlopen

    with served(tmp_path, "--role", "web") as (_, address):
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            request = Request(f"{address}api/v1/tasks", headers={header: "203.0.113.9"})
            with pytest.raises(OSError, match="403"):
                urlopen(request, timeout=10)


def test_a_body_larger_than_any_upload_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    """413 at the headers, whoever sends it."""
    with served(tmp_path, "--role", "web", FLASK_MAX_UPLOAD_BYTES="1000") as (_, address):
        where = urlsplit(address)
        with socket.create_connection((where.hostname, where.port), timeout=10) as client:
            client.sendall(b"POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_half_sent_requests_stop_nobody(tmp_path: Path) -> None:
    """With 120 connections that send no whole request the next one is served."""
    with served(tmp_path, "--role", "web") as (_, address), ExitStack() as opened:
        where = urlsplit(address)
        for _ in range(120):
            client = opened.enter_context(socket.create_connection((where.hostname, where.port), timeout=10))
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert fetch(f"{address}healthz") == {"status": "ok"}


def test_a_killed_import_is_finished_after_the_restart(tmp_path: Path) -> None:
    """kill -9 in the middle: every line is imported once and the counts are of all lines."""
    rows = [*people(300_000), ("X", "nobody", 1), *people(10)]
    with served(tmp_path) as (process, address):
        body = csv_text(rows).encode()
        job = fetch(f"{address}users/import", body, "text/csv")
        where = f"api/v1/jobs/{job['id']}"
        half_way = eventually(lambda: (j := fetch(address + where))["progress"]["current"] > 5_000 and j)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    with served(tmp_path) as (process, address):
        done = eventually(lambda: (j := fetch(address + where))["finished_at"] and j, timeout=60)
        process.terminate()
        process.wait(30)
    assert half_way["state"] == "running"
    assert done["result"]["imported"] == 300_000
    assert done["result"]["skipped"] == 11
    assert [error["line"] for error in done["result"]["errors"]] == list(range(300_002, 300_013))
    reasons = ["Not a valid email address.", *["address already there"] * 10]
    assert [error["reason"] for error in done["result"]["errors"]] == reasons
