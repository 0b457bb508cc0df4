"""`GET /jobs?meta.<path>=…` and `args.<path>`: filters by what stands in the JSON of jobs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import URL

from app.jobs.store import json_filters

from .api_client import ApiClient, api_client

METAS = {
    "seven": {"tenant": {"id": 7}, "über-name": "Ada \"L\"\n", "ok": True, "ratio": 0.3333333333333333},
    "text": {"tenant": {"id": "7"}, "ok": None, "ratio": 3.0},
    "list": {"tenant": {"id": [7]}, "ok": "true"},
    "none": {"tenant": 7},
}  # fmt: skip


FOUND: list[tuple[dict[str, str | list[str]], str]] = [
    ({"meta.tenant.id": "7"}, "seven text"),
    ({"meta.tenant.id": '"7"'}, ""),
    ({"meta.tenant.id": "[7]"}, ""),
    ({"meta.tenant": "7"}, "none"),
    ({"meta.ok": "true"}, "seven list"),
    ({"meta.ok": "null"}, "text"),
    ({"meta.ratio": "3"}, "text"),
    ({"meta.ratio": "0.3333333333333333"}, "seven"),
    ({"meta.über-name": 'Ada "L"\n'}, "seven"),
    ({"meta.ok": ["true", "null"]}, "seven text list"),
    ({"meta.ok": "true", "meta.tenant.id": "7"}, "seven"),
    ({"args.value.name": "list"}, "list"),
    ({"args.value.name": ["list", "none"], "meta.tenant": "7", "task": "echo"}, "none"),
    ({"meta.nothing": "7"}, ""),
]


def test_jobs_are_found_by_their_json(tmp_path: Path, url: URL) -> None:
    """A word means a text, and the number or the word of JSON that is written so; repeated it means or."""
    with api_client(tmp_path, url=url) as here:
        for name, meta in METAS.items():
            here.submit("echo", args={"value": {"name": name}}, meta=meta)
        here.submit("echo")
        for query, found in FOUND:
            page = here.get(f"/jobs?{urlencode({**query, 'count': 'true'}, doseq=True)}").get_json()
            assert [job["args"]["value"]["name"] for job in page["items"]] == found.split()[::-1], query
            assert page["total"] == {"value": len(found.split()), "capped": False}


def test_python_means_what_it_says(tmp_path: Path, url: URL) -> None:
    """A text is no number, several values mean or, and what no JSON value is is refused."""
    with api_client(tmp_path, url=url) as here, here.app.app_context():
        for meta in ({"n": 5}, {"n": "5"}, {"n": 5.0}, {"n": True}):
            here.submit("echo", meta=meta)
        assert [job.meta["n"] for job in here.jobs.list(meta={"n": 5})] == [5.0, 5]
        assert [job.meta["n"] for job in here.jobs.list(meta={"n": ["5", True]})] == [True, "5"]
        for wrong in ({"n": {1: 2}}, "n"):
            with pytest.raises(TypeError):
                here.jobs.list(meta=wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="not a path"):
            here.jobs.list(meta={"a b": 5})


def pages(here: ApiClient, query: str) -> list[list[str]]:
    """The ids of each page, by its cursor."""
    found = []
    page = here.get(f"/jobs?{query}").get_json()
    while page["next_cursor"] is not None:
        found.append([job["id"] for job in page["items"]])
        page = here.get(f"/jobs?{query}&cursor={page['next_cursor']}").get_json()
    return [*found, [job["id"] for job in page["items"]]]


@pytest.mark.parametrize("order", ["-created_at", "created_at"])
def test_a_search_is_bounded_and_complete(
    tmp_path: Path, url: URL, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    """A page looks at so many jobs and no more; the cursor leads on until all were looked at."""
    monkeypatch.setattr(json_filters, "MOST_SCANNED", 4)
    with api_client(tmp_path, url=url) as here:
        made = [here.submit("echo", meta={"even": number % 4 == 0})["id"] for number in range(10)]
        wanted = [made[0], made[4], made[8]]
        found = pages(here, f"meta.even=true&sort={order}&limit=2")
        assert found == [[job] for job in (wanted if order == "created_at" else wanted[::-1])]
        total = here.get("/jobs?meta.even=true&count=true").get_json()["total"]
        assert total == {"value": 1, "capped": True}
