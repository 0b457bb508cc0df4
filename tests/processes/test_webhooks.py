"""kill -9 while jobs end and callbacks are called: whoever waits to be told is told."""

from __future__ import annotations

import pytest

from ..support import eventually
from ..webhooks.receiver import receiver
from .rows import FINAL
from .server_host import ServerHost

COUNT = 300
SETTINGS = {"WEBHOOK_HOSTS": "127.0.0.1", "WEBHOOK_SECRET": "a-secret-of-the-tests"}
ENDED = f"SELECT count(*) FROM simmer_jobs WHERE task = 'nap' AND state IN {FINAL}"
DELIVERIES = "SELECT count(*) FROM simmer_jobs WHERE task = 'simmer.webhook'"
DELIVERED = f"{DELIVERIES} AND state = 'succeeded'"


@pytest.mark.long
def test_no_kill_loses_a_callback(here: ServerHost) -> None:
    """Killed four times on the way: each job has exactly one delivery, and its receiver was told."""
    with receiver() as hook:
        server = here.up("waitress", **SETTINGS)
        job = {"task": "nap", "args": {"seconds": 0.02}, "callback_url": hook.url()}
        made = server.ask("jobs/batch", {"jobs": [job] * COUNT})
        assert made.status == 202
        for part in range(1, 5):
            eventually(lambda part=part: (here.rows.one(ENDED) or 0) >= part * COUNT // 6, 30)  # type: ignore[misc]
            server.kill()
            ended, deliveries = here.rows.one(ENDED), here.rows.one(DELIVERIES)
            print(f"killed with {ended} of {COUNT} ended, {len(hook.received)} calls received")
            assert ended == deliveries
            assert ended < COUNT
            server = here.start("waitress", **SETTINGS)
        here.until(COUNT, ENDED)
        here.until(COUNT, DELIVERED)
        told = [got.body["job"]["id"] for got in hook.received]
        assert set(told) == {item["id"] for item in made.body["items"]}
        assert len({got.headers["X-Simmer-Delivery"] for got in hook.received}) == COUNT
        print(f"{len(told) - COUNT} calls were made twice")
        here.rows.check_histories()
