"""PgBouncer before PostgreSQL, as a process of the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL

from ..support import eventually

PROGRAM = shutil.which("pgbouncer")

SETTINGS = """
[databases]
{url.database} = host={url.host} port={port} user={url.username} password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@contextmanager
def transaction_mode(postgres: URL, folder: Path) -> Iterator[URL]:
    """The URL of the same database through a PgBouncer: three sessions serve all transactions in turn."""
    assert PROGRAM is not None
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        own_port = probe.getsockname()[1]
    settings = folder / "pgbouncer.ini"
    password, port = postgres.password or "", postgres.port or 5432
    settings.write_text(SETTINGS.format(url=postgres, port=port, password=password, own_port=own_port))
    # It refuses to run as root.
    os.chmod(folder, 0o755)
    user = ["--user=nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([PROGRAM, "--quiet", *user, str(settings)], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _is_open(own_port), what="PgBouncer does not listen")
        yield postgres.set(host="127.0.0.1", port=own_port)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _is_open(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
