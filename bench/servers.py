"""Real processes around what is measured: a worker, and the servers that people put before Flask."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .child import ROOT, environment
from .host import wait_until

API: Final = "/api/v1/jobs"
THREADS: Final = 16
HOST: Final = "bench.host:create_app"
BARE: Final = "bench.bare:create_app"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on `port` in the process `pid` (granian: of which it is a child)."""

    pid: int
    port: int


@contextmanager
def serve(name: str, app: str, path: Path | None = None, **variables: str) -> Iterator[Server]:
    """gunicorn (gthread), waitress or granian with one process, 16 threads and the app that `app` makes."""
    port = free_port()
    if path is not None:
        variables["BENCH_STORE"] = str(path)
    with process([sys.executable, "-m", *_command(name, app, port)], **variables) as started:
        wait_until(lambda: answers(port) or started.poll() is not None, timeout=60)
        if started.poll() is not None:
            raise RuntimeError(f"{name} ended with {started.returncode}: {started.args!r}")
        yield Server(started.pid, port)


@contextmanager
def worker(path: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """`flask jobs worker` on that database."""
    command = [sys.executable, "-m", "flask", "--app", "bench.host", "jobs", "worker"]
    with process(command, BENCH_STORE=str(path), **variables) as started:
        yield started


@contextmanager
def process(command: Sequence[str], **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with these environment variables; told to stop at the end, and made to if it does not."""
    env, nowhere = environment(**variables), subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=nowhere, stderr=nowhere) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(timeout=30)
            except subprocess.TimeoutExpired:
                started.kill()


def free_port() -> int:
    """A port of this machine that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def answers(port: int) -> bool:
    """Whether HTTP is answered there; gunicorn takes connections before it has made the app."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            sock.sendall(b"GET /bare HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return bool(sock.recv(1))
    except OSError:
        return False


def _command(name: str, app: str, port: int) -> list[str]:
    address, threads = f"127.0.0.1:{port}", str(THREADS)
    if name == "gunicorn":
        kind = ["--worker-class", "gthread", "--workers", "1", "--threads", threads]
        return ["gunicorn", *kind, "--keep-alive", "60", "--bind", address, f"{app}()"]
    if name == "waitress":
        return ["waitress", "--listen", address, "--threads", threads, "--call", app]
    return [
        "granian", "--interface", "wsgi", "--factory", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", threads, app,
    ]  # fmt: skip
