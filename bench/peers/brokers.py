"""Redis and PostgreSQL of our own, in a folder that is gone afterwards; what runs already is left alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..host import folder, wait_until
from ..servers import free_port, listens, process

POSTGRES: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Where Debian has what is not in the path."""


class Missing(Exception):
    """The server is not installed; the message says what to install."""


@contextmanager
def broker(name: str | None) -> Iterator[str]:
    """The URL of a server, or the path of a file where none is needed. Raises Missing."""
    with folder() as place:
        if name == "redis":
            with _redis(place) as url:
                yield url
        elif name == "postgresql":
            with _postgresql(place) as url:
                yield url
        else:
            yield str(place / "peer.db")


@contextmanager
def _redis(place: Path) -> Iterator[str]:
    program, port = _found("redis-server", "redis-server"), free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(place), "--save", ""]
    with process([program, *options]):
        wait_until(lambda: listens(port), timeout=30)
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _postgresql(place: Path) -> Iterator[str]:
    initdb, postgres = _found("initdb", "postgresql"), _found("postgres", "postgresql")
    data, port = place / "data", free_port()
    user = _user_for(place)
    options = ["--auth", "trust", "--username", "bench", "--pgdata", str(data)]
    subprocess.run([*user, initdb, *options], cwd=place, check=True, capture_output=True, timeout=120)
    where = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(place)]
    with process([*user, postgres, *where]):
        wait_until(lambda: listens(port), timeout=30)
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"


def _user_for(place: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then as whom, with the folder given to him."""
    if os.geteuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("PostgreSQL does not run as root, and there is no user postgres") from None
    os.chown(place, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _found(program: str, package: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, POSTGRES)])
    found = shutil.which(program, path=path)
    if found is None:
        raise Missing(f"{program} is missing: apt-get install {package}")
    return found
