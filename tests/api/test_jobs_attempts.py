"""What `GET /jobs/{id}/attempts` shows of failures, and to whom."""

from __future__ import annotations

from pathlib import Path

from .api_client import api_client


def test_a_traceback_is_for_who_may_operate(tmp_path: Path) -> None:
    """Of every attempt; who may only read or submit gets the type and the message."""
    tokens = {f"{right}-token": [right] for right in ("read", "submit", "operate")}
    with api_client(tmp_path, api_tokens=tokens) as here:
        with here.app.app_context():
            job_id = here.jobs.submit("fail").id
        here.drain()
        errors = {}
        for right in ("read", "submit", "operate"):
            headers = {"Authorization": f"Bearer {right}-token"}
            (attempt,) = here.get(f"/jobs/{job_id}/attempts", headers=headers).get_json()["items"]
            errors[right] = attempt["error"]
        assert errors["read"] == errors["submit"] == {"type": "ValueError", "message": "no luck"}
        assert errors["operate"].pop("traceback").endswith("ValueError: no luck\n")
        assert errors["operate"] == errors["read"]
