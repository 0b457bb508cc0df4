"""What of the submitting request goes into the meta of its jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .api_client import ApiClient, api_client

TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


def meta_of(here: ApiClient, headers: dict[str, str], **body: Any) -> Any:
    """The meta of a job that is submitted with these headers."""
    return here.post("/jobs", {"task": "add", **body}, headers=headers).get_json()["meta"]


def test_trace_and_request_id_are_kept(tmp_path: Path) -> None:
    """Of one job and of each of a batch; what the body says under these names stays."""
    headers = {"traceparent": TRACE, "X-Request-ID": "r/1"}
    kept = {"traceparent": TRACE, "request_id": "r/1"}
    with api_client(tmp_path) as here:
        assert meta_of(here, headers) == kept
        assert meta_of(here, headers, meta={"a": 1, "request_id": "mine"}) == {
            **kept, "a": 1, "request_id": "mine",
        }  # fmt: skip
        batch = here.post("/jobs/batch", {"jobs": [{"task": "add"}]}, headers=headers).get_json()
        assert here.get(f"/jobs/{batch['items'][0]['id']}").get_json()["meta"] == kept


def test_only_a_valid_trace_is_kept(tmp_path: Path) -> None:
    """By the format of W3C Trace Context: versions to come may have more fields, and zeros are no ids."""
    odd = [
        f"{TRACE}-more", f"ff{TRACE[2:]}", TRACE.replace("1", "A"), TRACE.replace("1" * 32, "0" * 32),
        TRACE.replace("2", "0"), TRACE[1:], "", "x" * 9_000,
    ]  # fmt: skip
    with api_client(tmp_path) as here:
        for trace in (TRACE, f"01-{TRACE[3:]}", f"cc{TRACE[2:]}-what-comes"):
            assert meta_of(here, {"traceparent": trace}) == {"traceparent": trace}
        for trace in odd:
            assert meta_of(here, {"traceparent": trace}) == {}, trace


def test_an_odd_request_id_is_left_out(tmp_path: Path) -> None:
    """Up to 200 printable ASCII characters without a space are kept."""
    with api_client(tmp_path) as here:
        for request_id in ("", "a b", "\x80", "x" * 201):
            assert meta_of(here, {"X-Request-ID": request_id}) == {}, request_id


def test_what_the_caller_gives_has_precedence(tmp_path: Path) -> None:
    """Where there is no room for both, the job is not refused for what a proxy has added."""
    meta = {"a": "x" * 8_150}
    with api_client(tmp_path) as here:
        assert meta_of(here, {"traceparent": TRACE}, meta=meta) == meta


def test_secrets_in_meta_are_covered(tmp_path: Path) -> None:
    """As those of arguments are."""
    with api_client(tmp_path) as here:
        assert meta_of(here, {}, meta={"api_key": "k", "a": 1}) == {"api_key": "[redacted]", "a": 1}
