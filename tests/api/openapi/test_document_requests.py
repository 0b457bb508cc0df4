"""The API answers whatever the document allows, and what it does not, as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from ..api_client import API, ApiClient, api_client

TOKEN: Final = "token-of-this-test"
HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}
WITHOUT_WRONG_WAY: Final = {
    "GET /progress.js": "it takes nothing",
    "GET /health/live": "it takes nothing",
    "GET /health/ready": "it takes nothing",
    "GET /jobs": "its filters are texts, and a number or true in a query string is one too",
}
"""Routes that are asked in valid ways only, and why."""
REFUSED: Final = ["400", "401", "404", "409", "410", "412", "413", "415", "422"]
"""How a wrong request is refused: 409, 410 and 412 where that is found before what is wrong with its body."""
CHECKS: Final = {
    "positive_data_acceptance": {"enabled": False},
    "negative_data_rejection": {"expected-statuses": REFUSED},
}
"""What no schema can say is refused too: an id that is not there, a state that does not allow it, a `run_at`
beyond ten years, a cron expression that is none."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """An app with jobs in several states."""
    tokens = {TOKEN: ["operate"]}
    with api_client(tmp_path_factory.mktemp("requests"), api_tokens=tokens) as made:
        made.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        for task in ("add", "fail", "echo"):
            made.submit(task)
        made.drain()
        for _ in range(30):
            made.submit("add", delay=3600)
        made.post("/jobs/batch", {"jobs": [{"task": "add"}]})
        yield made


def known_names(here: ApiClient) -> dict[str, list[str]]:
    """What stands in paths, by their first part."""
    jobs = here.get("/jobs?limit=100").get_json()["items"]
    return {
        "jobs": [job["id"] for job in jobs],
        "batches": [job["batch_id"] for job in jobs if job["batch_id"]],
        "tasks": ["add", "report"],
        "queues": ["default", "reports"],
        "schedules": ["hourly"],
        "workers": ["01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"],
    }


def operations(here: ApiClient) -> Iterator[Any]:
    """Every operation of the document."""
    config = SchemathesisConfig.from_dict({"checks": CHECKS})
    schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", here.app, headers=HEADERS, config=config)
    for found in schema.get_all_operations():
        yield found.ok()  # type: ignore[union-attr]


def check_all(here: ApiClient, examples: int) -> None:
    """Send so many requests of each kind to each operation."""
    known = known_names(here)
    for operation in operations(here):
        names = known.get(operation.path.split("/")[1], [])
        check(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), names, examples)
        if operation.label not in WITHOUT_WRONG_WAY:
            check(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), [], examples)


def check(requests: st.SearchStrategy[Any], names: list[str], examples: int) -> None:
    """Send so many of `requests`; most of those to a path with a name in it to one of `names`."""

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=requests, name=st.sampled_from(["", *names]))
    def send(case: Any, name: str) -> None:
        if name and case.path_parameters:
            case.path_parameters = {**case.path_parameters, next(iter(case.path_parameters)): name}
        case.call_and_validate(headers=HEADERS)

    send()


def test_requests_are_answered_as_described(here: ApiClient) -> None:
    """A few valid and invalid ones to each route: status, headers, body, access."""
    check_all(here, 3)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_requests_are_answered_as_described(tmp_path: Path, here: ApiClient) -> None:
    """The same with a hundred of each."""
    check_all(here, 100)
