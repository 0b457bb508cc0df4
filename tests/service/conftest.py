"""A receiver of webhooks for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.webhooks.receiver import Receiver, receiver


@pytest.fixture
def here() -> Iterator[Receiver]:
    """A receiver on this machine."""
    with receiver() as made:
        yield made
