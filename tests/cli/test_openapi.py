"""`flask jobs openapi`."""

from __future__ import annotations

import json
from pathlib import Path

from openapi_spec_validator import validate

from .command_line import command_line, is_refusal


def test_openapi_is_what_the_api_answers(tmp_path: Path) -> None:
    """On stdout, valid, and without a database."""
    with command_line(tmp_path, tables=False) as here:
        document = json.loads(here.ok("openapi"))
        validate(document)
        assert document == here.app.test_client().get("/api/v1/openapi.json").get_json()
        assert "Submit.add" in document["components"]["schemas"]


def test_openapi_of_an_api_that_is_switched_off(tmp_path: Path) -> None:
    """It says which setting it is."""
    with command_line(tmp_path, api_prefix=None) as here:
        is_refusal(here("openapi"), 1, "JOBS_API_PREFIX is None")
