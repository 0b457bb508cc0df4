"""Every page in a real browser: policy, width, accessibility in both themes, and staying up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..api.api_client import ApiClient
from ..browser import open_page, serving
from .browsing import UI, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = (
    "/", "/jobs", "/jobs?state=failed", "/jobs?tag=nowhere", "/jobs/{failed}", "/jobs/{waiting}",
    "/schedules", "/schedules/hourly", "/schedules/hourly/edit", "/schedules/new", "/tasks", "/tasks/report",
    "/batches", "/batches/{batch}", "/queues", "/workers", "/about", "/sign-in", "/jobs/nothing",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ApiClient, str, dict[str, str]]]:
    """A dashboard with something on every page, its address, and the ids in PAGES."""
    with dashboard(tmp_path_factory.mktemp("served")) as here, serving(here.app) as address:
        failed = here.submit("fail", tags=["night"])
        here.submit("echo", args={"value": "x" * 300})
        batch = here.post("/jobs/batch", {"jobs": [{"task": "add"}, {"task": "fail"}]}).get_json()
        here.drain()
        waiting = here.submit("report", args={"month": "2026-11"}, delay=3600)
        here.post("/queues/reports/pause")
        here.post("/schedules/hourly/skip")
        yield here, address, {"failed": failed["id"], "waiting": waiting["id"], "batch": batch["batch_id"]}


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (360, "dark"),
        (1440, "light"),
        pytest.param(360, "light", marks=pytest.mark.long),
        pytest.param(1440, "dark", marks=pytest.mark.long),
    ],
)
def test_every_page_is_accessible_obeys_its_policy_and_fits(
    served: tuple[ApiClient, str, dict[str, str]], browser: Browser, width: int, scheme: str
) -> None:
    """axe-core finds nothing, the policy refuses nothing, no script fails, no page scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    _, address, ids = served
    axe = Axe()
    found = []
    with open_page(browser, viewport={"width": width, "height": 900}, color_scheme=scheme) as (
        page,
        complaints,
    ):
        for path in PAGES:
            page.goto(f"{address}{UI}{path.format(**ids)}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{path} scrolls sideways")
            violations = axe.run(page).response["violations"]
            found += [
                f"{path} {each['id']} {node['target']} {node['failureSummary']}"
                for each in violations
                for node in each["nodes"]
            ]
    assert found == []
    # The browser itself notes the status of the last page.
    assert [each for each in complaints if "404" not in each] == []


def test_a_page_follows_what_happens_and_keeps_what_the_visitor_does(
    tmp_path: Path, browser: Browser
) -> None:
    """A new job appears by itself, while a ticked box stays ticked, typed text stays and the focus too."""
    with dashboard(tmp_path) as here, serving(here.app) as address:
        first = here.submit("add", args={"a": 1})
        with open_page(browser) as (page, complaints):
            page.goto(f"{address}{UI}/jobs")
            page.select_option("[data-live-interval]", "1")
            page.check(f"input[value='{first['id']}']")
            page.fill("#find", "task:re")
            second = here.submit("add", args={"a": 2})
            page.wait_for_selector(f"#job-{second['id']}")
            here.drain()
            page.wait_for_selector(f"#job-{first['id']} .state.succeeded")
            assert page.is_checked(f"input[value='{first['id']}']")
            assert page.input_value("#find") == "task:re"
            assert page.evaluate("document.activeElement.id") == "find"
            assert page.inner_text("[data-selected]") == "1 selected"
            assert complaints == []


def test_a_lost_connection_is_said_until_it_is_back(tmp_path: Path, browser: Browser) -> None:
    """After three failed refreshes a banner says how old the page is; it goes with the next good one."""
    with dashboard(tmp_path) as here, serving(here.app) as address:
        here.submit("add")
        with open_page(browser) as (page, _):
            page.goto(f"{address}{UI}/jobs")
            page.select_option("[data-live-interval]", "1")
            page.context.set_offline(True)
            page.wait_for_selector("[data-lost]:not([hidden])")
            page.context.set_offline(False)
            page.wait_for_selector("[data-lost]", state="hidden")


def test_nothing_is_loaded_from_elsewhere(
    served: tuple[ApiClient, str, dict[str, str]], browser: Browser
) -> None:
    """All requests of a page go to its own server."""
    _, address, ids = served
    with open_page(browser) as (page, _):
        asked = list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}{UI}/jobs/{ids['failed']}", wait_until="networkidle")
        assert len(asked) >= 4
        assert all(url.startswith((address, "data:")) for url in asked)


def test_on_a_phone_the_fields_of_a_form_stay_in_their_frame(
    served: tuple[ApiClient, str, dict[str, str]], browser: Browser
) -> None:
    """None is wider than the rule of the schedule that it belongs to."""
    _, address, _ = served
    with open_page(browser, viewport={"width": 360, "height": 900}) as (page, _):
        page.goto(f"{address}{UI}/schedules/new")
        right = "each => each.getBoundingClientRect().right"
        frame = page.eval_on_selector("fieldset.rule", right)
        fields = page.eval_on_selector_all(
            "fieldset.rule input, fieldset.rule select", f"all => Math.max(...all.map({right}))"
        )
        assert fields <= frame


def test_on_a_phone_the_tab_in_force_and_all_of_the_navigation_are_in_sight(
    served: tuple[ApiClient, str, dict[str, str]], browser: Browser
) -> None:
    """The last tab and the last page are within the window, without scrolling by hand."""
    _, address, _ = served
    with open_page(browser, viewport={"width": 360, "height": 900}) as (page, _):
        page.goto(f"{address}{UI}/jobs?state=cancelled")
        for selector in (".tabs [aria-current]", ".top nav a:last-child"):
            box = page.locator(selector).bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= box["x"] + box["width"] <= 360
