"""`GET /jobs`: filters, pages and counts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import URL
from werkzeug.http import parse_options_header

from app.jobs.ids import new_id

from .api_client import API, ApiClient, api_client, is_problem


def ids(here: ApiClient, query: str) -> list[str]:
    """The ids on the page that `query` asks for."""
    return [job["id"] for job in here.get(f"/jobs?{query}").get_json()["items"]]


def next_link(header: str) -> str | None:
    """The address of rel=next in a Link header."""
    for link in header.split(", "):
        address, rel = parse_options_header(link)
        if rel.get("rel") == "next":
            return address.strip("<>")
    return None


def test_pages_follow_each_other_without_gaps_or_repeats(tmp_path: Path, url: URL) -> None:
    """Following the Link header from page to page shows every job once, newest first, new ones or not."""
    with api_client(tmp_path, url=url) as here:
        made = [here.submit()["id"] for _ in range(7)]
        seen: list[str] = []
        address: str | None = f"{API}/jobs?limit=3"
        while address:
            response = here.client.get(address)
            seen += [job["id"] for job in response.get_json()["items"]]
            address = next_link(response.headers["Link"])
            assert (address is None) == (response.get_json()["next_cursor"] is None)
            here.submit()
        assert seen == made[::-1]


def test_oldest_first(tmp_path: Path) -> None:
    """`sort=created_at` turns the order round, over pages too."""
    with api_client(tmp_path) as here:
        made = [here.submit()["id"] for _ in range(4)]
        first = here.get("/jobs?sort=created_at&limit=3").get_json()
        assert [job["id"] for job in first["items"]] == made[:3]
        assert ids(here, f"sort=created_at&limit=3&cursor={quote(first['next_cursor'])}") == made[3:]


def test_links_keep_the_filters(tmp_path: Path) -> None:
    """The next page has the filters of the first."""
    with api_client(tmp_path) as here:
        made = [here.submit(tags=["x y&z"])["id"] for _ in range(3)]
        here.submit()
        page = here.get(f"/jobs?tag={quote('x y&z')}&limit=2")
        rest = here.client.get(next_link(page.headers["Link"]))
        assert [job["id"] for job in rest.get_json()["items"]] == made[:1]
        assert 'rel="first"' in page.headers["Link"]


def test_filters(tmp_path: Path, url: URL) -> None:
    """Repeating a filter means or, different filters mean and."""
    with api_client(tmp_path, url=url) as here:
        add, tagged = here.submit()["id"], here.submit(tags=["t1", "t2"])["id"]
        report = here.submit("report", args={"month": "x"}, delay=60)["id"]
        gone = here.submit()["id"]
        here.post(f"/jobs/{gone}/cancel")
        assert ids(here, "state=cancelled") == [gone]
        assert ids(here, "state=cancelled&state=scheduled") == [gone, report]
        assert ids(here, "task=report") == [report]
        assert ids(here, "queue=reports") == [report]
        assert ids(here, "tag=t1&tag=nope") == [tagged]
        assert ids(here, "task=add&state=queued") == [tagged, add]
        assert ids(here, "task=add&state=scheduled") == []
        assert ids(here, f"batch_id={new_id()}") == []
        assert ids(here, "schedule_id=hourly") == []
        assert ids(here, "task=nobody") == []


def test_times_bound_the_list(tmp_path: Path, url: URL) -> None:
    """`created_after` and `created_before` leave out what is not between them."""
    with api_client(tmp_path, url=url, engine="thread") as here:
        first, second, third = (here.submit() for _ in range(3))
        after = ids(here, f"created_after={first['created_at']}")
        before = ids(here, f"created_before={third['created_at']}")
        assert after == [third["id"], second["id"]]
        assert before == [second["id"], first["id"]]
        assert ids(here, "created_after=2999-01-01T00:00:00Z") == []


def test_when_jobs_ran_bounds_the_list(tmp_path: Path, url: URL) -> None:
    """`started_…` and `finished_…` find what ran at a time; what has not begun or ended is in neither."""
    with api_client(tmp_path, url=url) as here:
        first = here.submit()["id"]
        here.drain()
        ran = here.get(f"/jobs/{first}").get_json()
        here.submit()
        assert ids(here, "started_after=2000-01-01T00:00:00Z&finished_before=2999-01-01T00:00:00Z") == [first]
        assert ids(here, f"started_before={ran['created_at']}") == []
        assert ids(here, f"finished_after={ran['finished_at']}") == []
        assert ids(here, "finished_after=2000-01-01T00:00:00Z&state=succeeded") == [first]
        is_problem(here.get("/jobs?finished_after=yesterday"), 400, "bad-parameter")


def test_the_ends_of_the_calendar_bound_nothing(tmp_path: Path, url: URL) -> None:
    """The first and the last moment that a filter can name leave in every job, or leave out every job."""
    with api_client(tmp_path, url=url) as here:
        made = [here.submit()["id"]]
        first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"
        assert ids(here, f"created_after={first}&created_before={last}") == made
        assert ids(here, f"created_before={first}") == ids(here, f"created_after={last}") == []


def test_a_job_of_a_schedule_is_found_by_it(tmp_path: Path) -> None:
    """`schedule_id` finds the jobs that a schedule made."""
    with api_client(tmp_path) as here:
        here.submit()
        made = here.post("/schedules/hourly/run").get_json()["id"]
        assert ids(here, "schedule_id=hourly") == [made]


def test_count_is_given_when_asked_for(tmp_path: Path, url: URL) -> None:
    """`count=true` adds the total, beyond the page; without it there is none."""
    with api_client(tmp_path, url=url) as here:
        for _ in range(3):
            here.submit()
        assert here.get("/jobs?count=true&limit=1").get_json()["total"] == {"value": 3, "capped": False}
        assert here.get("/jobs?count=true&state=failed").get_json()["total"] == {"value": 0, "capped": False}
        assert "total" not in here.get("/jobs").get_json()


def test_large_values_are_left_out_of_lists(tmp_path: Path) -> None:
    """args and result over 2 KiB are null in the list and named in `truncated`; the job itself has them."""
    with api_client(tmp_path) as here:
        large, small = (
            here.submit("echo", args={"value": "x" * 3_000}),
            here.submit("echo", args={"value": 1}),
        )
        here.drain()
        rows = {job["id"]: job for job in here.get("/jobs").get_json()["items"]}
        assert (rows[large["id"]]["args"], rows[large["id"]]["result"]) == (None, None)
        assert rows[large["id"]]["truncated"] == ["args", "result"]
        assert (rows[small["id"]]["args"], rows[small["id"]]["truncated"]) == ({"value": 1}, [])
        assert len(here.get(f"/jobs/{large['id']}").get_json()["result"]) == 3_000


@pytest.mark.parametrize(
    "query",
    [
        "colour=red", "state=done", "state=", "limit=0", "limit=501", "limit=-1", "limit=ten", "limit=1e2",
        "limit=٣", "limit=5&limit=6", "cursor=x", "cursor=%00", "cursor=", "cursor=" + "A" * 600,
        "cursor=%ff",
        "sort=priority", "sort=", "count=maybe", "batch_id=1", "schedule_id=a/b", "task=%00", "tag=a%00b",
        "created_after=yesterday", "created_after=2026-01-01", "created_after=2026-01-01T00:00:00",
        "created_after=0001-01-01T00:00:00%2B14:00", "created_before=9999-12-31T23:59:59-10:00",
        "created_before=2026-13-01T00:00:00Z", "q=x", "args=x",
        "meta.=x", "meta.1=x", "args.a..b=x", "meta.a=%00", "tag=" + "x" * 101,
        "&".join(["state=queued"] * 501),
    ],
)  # fmt: skip
def test_a_bad_query_is_400(tmp_path: Path, query: str) -> None:
    """An unknown parameter or a value that cannot be is refused: a typo must not match everything."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"/jobs?{query}"), 400, "bad-parameter")


@pytest.mark.parametrize(
    "path", ["/tasks", "/stats", "/workers", "/schedules", "/schedules/hourly", "/tasks/add"]
)
def test_reading_routes_refuse_unknown_parameters(tmp_path: Path, path: str) -> None:
    """A query parameter that does nothing is refused everywhere."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"{path}?x=1"), 400, "bad-parameter")
