"""What several files of these tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .site import Site, site


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all requests of a file that change nothing."""
    with site(tmp_path_factory.mktemp("untouched")) as here:
        yield here
