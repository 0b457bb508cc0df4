"""The measurements can be made; how fast anything is, no test asks."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import report
from bench.__main__ import main
from bench.chart import Chart
from bench.child import in_child
from bench.load import request, send
from bench.subjects import OURS, ROWS, SUBJECTS
from bench.table import Row

from .support import running_service

PROMISED = """
drain.ratio drain.full drain.rate big_table.drain submit.one submit.eight submit.many
latency.p50 latency.p99 latency.other_p50 latency.other_p99 latency.other_first
http.post_full http.post_normal http.get http.get_304
http.waitress_post http.waitress_get http.waitress_get_304
http.granian_post http.granian_get http.granian_get_304
big_table.failed big_table.stats busy.same busy.beside idle.cpu idle.wakeups schedules.cpu
blocked.work blocked.rate idle.memory idle.growth startup.first_answer csv_import.ratio
peers.celery peers.huey
"""


@pytest.mark.parametrize("name", PROMISED.split())
def test_every_row_of_the_targets_is_measured(name: str) -> None:
    """A target that nobody measures is none."""
    assert name in ROWS


def test_rows_are_named_after_what_measures_them() -> None:
    """`python -m bench NAME` measures the rows that begin with that name, and no name is there twice."""
    rows = [(subject, row.name) for subject, module in SUBJECTS.items() for row in module.ROWS]
    assert all(name.startswith(f"{subject}.") for subject, name in rows)
    assert len(rows) == len(ROWS)


def test_a_target_is_met_up_to_its_bound() -> None:
    """At least means that or more, at most that or less, and without a bound nothing is met or missed."""
    least, most, none = Row("a", "", "×", at_least=2), Row("b", "", "×", at_most=2), Row("c", "", "×")
    assert [least.is_met(1.9), least.is_met(2), most.is_met(2), most.is_met(2.1)] == [
        False,
        True,
        True,
        False,
    ]
    assert none.is_met(1) is None


def test_a_quick_measurement_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m bench startup --quick --output …` shows its row and writes it with facts of the machine."""
    output = tmp_path / "results.json"
    assert main(["startup", "--quick", "--output", str(output)]) == 0
    written = json.loads(output.read_text())
    assert [row["name"] for row in written["results"]] == [row.name for row in OURS["startup"].ROWS]
    assert written["quick"] is True
    assert {"cores", "python", "sqlite", "fsync_ms"} <= set(written["machine"])
    assert written["results"][0]["what"] in capsys.readouterr().out


def test_a_subject_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name ends with the right ones."""
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no subject speed: there are drain, submit," in capsys.readouterr().err


def test_the_load_generator_counts_every_answer() -> None:
    """What it says was answered was answered, status by status, over connections that stay."""
    with running_service() as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        requests = [request("GET", "/healthz"), request("GET", "/nowhere")]
        load = in_child(send, port=port, requests=requests, seconds=0.3, connections=4)
    assert set(load["statuses"]) == {"200", "404"}
    assert sum(load["statuses"].values()) == load["answers"]
    assert abs(load["statuses"]["200"] - load["statuses"]["404"]) <= 1


def test_the_page_shows_the_results_and_keeps_the_rest() -> None:
    """`python -m bench.report` replaces what stands between its markers, as often as it is called."""
    machine = {"at": "2026-01-01T00:00:00", "cores": 2, "processor": "P", "python": "3.11", "sqlite": "3.40"}
    result = {
        "machine": {**machine, "fsync_ms": 0.3, "load": 0.0},
        "results": [{"name": "drain.ratio", "value": 0.5, "detail": "details"}],
    }
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    once = report.rewritten(page, [result])
    assert once == report.rewritten(once, [result])
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert f"| {ROWS['drain.ratio'].what} | 0.5 × (details) | ≥ 0.7 × | **no** |" in once


def test_a_chart_has_a_point_for_each_value() -> None:
    """The drawing is XML, and nothing of what was measured is left out of it."""
    chart = Chart("a < b", "threads", {"one": [(1, 10.0), (8, 70.0)], "other": [(1, 0.0), (8, 5.0)]})
    drawn = ElementTree.fromstring(chart.svg())
    assert len(drawn.findall("{*}circle")) == 4
    assert {text.text for text in drawn.findall("{*}text")} >= {"a < b", "threads", "one", "other", "1", "8"}
