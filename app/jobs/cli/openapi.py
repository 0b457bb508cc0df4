"""`flask jobs openapi`: the description of the API, to make clients from and to compare in a CI."""

from __future__ import annotations

from ..api.description import describe
from .group import jobs_cli
from .output import print_json


@jobs_cli.command("openapi")
def openapi() -> None:
    """Print the OpenAPI document of the API and the registered tasks."""
    print_json(describe())
