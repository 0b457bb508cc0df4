"""A service that runs jobs, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.jobs import current_job
from app.jobs.client import SimmerClient

from ..api.api_client import API, ApiClient, api_client
from .serving import serving

TOKEN = "token-of-a-client"


@dataclass
class Service:
    """An app whose jobs run in threads, its address, and a client of it."""

    here: ApiClient
    address: str
    client: SimmerClient


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests of a file."""
    tokens = {TOKEN: ["operate"], "token-of-a-reader": ["read"]}
    with api_client(tmp_path_factory.mktemp("client"), engine="thread", api_tokens=tokens) as here:

        @here.jobs.task
        def count(to: int = 3) -> int:
            for number in current_job.track(range(to), message="counting"):
                current_job.log.info("at %s", number)
            return to

        @here.jobs.task
        def hold() -> None:
            while not current_job.stopping:
                current_job.check()

        with here.app.app_context():
            here.jobs.start()
        with serving(here.app) as address, SimmerClient(f"{address}{API}", TOKEN) as client:
            yield Service(here, address, client)
