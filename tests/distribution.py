"""Which tests share a core where the suite is spread over several (`-n 3`)."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

SERVERS = (
    "tests/app/test_demo.py", "tests/app/test_run.py", "tests/cli/test_worker.py", "tests/processes/",
    "tests/reuse/", "tests/test_bench.py", "tests/test_docs_snippets.py",
)  # fmt: skip
"""Tests that start servers and look at their time: one after the other."""


class FilesAndServers(LoadScopeScheduling):
    """A file is a unit of work; so are all tests that start servers.

    Marks of pytest-xdist would say the same, but do not reach pytest 9.2 (`--dist loadgroup` of 3.8).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "servers" if nodeid.startswith(SERVERS) else nodeid.partition("::")[0]
