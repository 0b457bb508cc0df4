"""Real processes around the measured app: a worker, and the servers that people put before Flask."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .child import ROOT, environment


@contextmanager
def worker(path: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """`flask jobs worker` on that database."""
    command = [sys.executable, "-m", "flask", "--app", "bench.host", "jobs", "worker"]
    with process(command, BENCH_DATABASE=str(path), **variables) as started:
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
