"""`Idempotency-Key` on schedules: made once, run once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from .api_client import api_client, is_problem

BODY = {"task": "tick", "trigger": {"type": "interval", "hours": 2}}
KEY = {"Idempotency-Key": "k"}


def test_a_schedule_is_made_once(tmp_path: Path, url: URL) -> None:
    """Without an id of the client's the same request gives the first one; removed it is gone."""
    with api_client(tmp_path, url=url) as here:
        first, again = (here.post("/schedules", BODY, headers=KEY) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        assert again.get_json() == first.get_json()
        assert len(here.get("/schedules").get_json()["items"]) == 2  # with the client's own
        is_problem(here.post("/schedules", {**BODY, "jitter": 1}, headers=KEY), 422, "idempotency-key-reused")
        assert here.client.delete(first.headers["Location"]).status_code == 204
        is_problem(here.post("/schedules", BODY, headers=KEY), 410, "gone")


def test_the_clients_own_id_is_no_conflict_with_itself(tmp_path: Path) -> None:
    """The same id under the same key is a replay, under another key it is taken."""
    with api_client(tmp_path) as here:
        body = {**BODY, "id": "mine"}
        assert here.post("/schedules", body, headers=KEY).status_code == 201
        again = here.post("/schedules", body, headers=KEY)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
        other = here.post("/schedules", body, headers={"Idempotency-Key": "other"})
        is_problem(other, 409, "already-exists")


def test_a_refused_schedule_is_not_remembered(tmp_path: Path) -> None:
    """After a 422 and after a 409 the key is free."""
    with api_client(tmp_path) as here:
        assert here.post("/schedules", {**BODY, "task": "none"}, headers=KEY).status_code == 422
        assert here.post("/schedules", {**BODY, "id": "hourly"}, headers=KEY).status_code == 409
        good = here.post("/schedules", BODY, headers=KEY)
        assert good.status_code == 201
        assert "Idempotency-Replayed" not in good.headers


def test_a_schedule_is_run_once(tmp_path: Path, url: URL) -> None:
    """The same run again is the first job; of another schedule it is another request."""
    with api_client(tmp_path, url=url) as here:
        first, again = (here.post("/schedules/hourly/run", headers=KEY) for _ in range(2))
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.get_json()["id"] == first.get_json()["id"]
        assert first.get_json()["schedule_id"] == "hourly"
        assert here.count() == 1
        here.post("/schedules", {**BODY, "id": "other"})
        is_problem(here.post("/schedules/other/run", headers=KEY), 422, "idempotency-key-reused")
