"""What several files of these tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .api_client import ApiClient, api_client


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """One client for all requests of a file that change nothing."""
    with api_client(tmp_path_factory.mktemp("untouched")) as here:
        yield here
