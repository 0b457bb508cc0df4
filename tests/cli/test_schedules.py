"""`flask jobs schedules` and its commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.jobs.cli.schedules import schedules

from .command_line import CommandLine, command_line, is_refusal
from .host import jobs

API = "/api/v1"


def asked(here: CommandLine, path: str) -> Any:
    """What the API of the same app answers."""
    return here.app.test_client().get(f"{API}/schedules{path}").get_json()


def advance(here: CommandLine, seconds: float) -> None:
    """So many seconds pass; schedules fire on the way, and what they submit runs."""
    with here.app.app_context():
        jobs.testing.advance(seconds)
        jobs.testing.drain()


def add(here: CommandLine, *words: Any, id: str = "s") -> str:
    """Store a schedule of the task `echo`; its id."""
    return here.ok("schedules", "add", "echo", *(words or ("interval", "minutes=5")), "--id", id).strip()


def test_add_stores_what_is_typed(tmp_path: Path) -> None:
    """Trigger words, arguments and policies; the id on stdout and nothing else."""
    with command_line(tmp_path) as here:
        words = ["cron", "0 9 * * mon-fri", "--timezone", "Europe/Helsinki", "--arg", "month=May"]
        policies = ["--misfire", "all", "--misfire-grace", 60, "--max-running", "none", "--jitter", "2.5"]
        result = here("schedules", "add", "report", *words, *policies, "--id", "reports", "--paused")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "reports\n", "")
        shown = here.json("schedules", "show", "reports")
        assert shown == asked(here, "/reports")
        trigger = {"type": "cron", "expression": "0 9 * * mon-fri", "timezone": "Europe/Helsinki"}
        expected = {"task": "report", "args": {"month": "May"}, "trigger": trigger, "paused": True}
        expected |= {"misfire": "all", "misfire_grace": 60, "max_running": None, "jitter": 2.5}
        assert {name: shown[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "trigger"),
    [
        (["interval", "minutes=1.5", "start_now=yes"], {"minutes": 1.5, "start_now": True}),
        (["interval", "seconds:=5", "start_at=2030-01-01T00:00Z"],
         {"seconds": 5, "start_at": "2030-01-01T00:00:00Z"}),
        (["date", "2099-01-01T09:00Z"], {"run_at": "2099-01-01T09:00:00Z"}),
        (["date", "2099-01-01T09:00", "--timezone", "Asia/Kathmandu"],
         {"run_at": "2099-01-01T03:15:00Z", "timezone": "Asia/Kathmandu"}),
        (["cron", "@daily", "end_at=2099-01-01T00:00Z"],
         {"expression": "@daily", "end_at": "2099-01-01T00:00:00Z", "timezone": "UTC"}),
        (["calendar", "weeks=2", "hour=9", "start_date=2099-01-05", "--timezone", "Europe/Helsinki"],
         {"weeks": 2, "hour": 9, "start_date": "2099-01-05", "timezone": "Europe/Helsinki"}),
        (["or", 'triggers:=[{"type": "interval", "hours": 6}, {"type": "cron", "hour": 9}]'],
         {"triggers": [{"type": "interval", "hours": 6}, {"type": "cron", "hour": "9"}], "timezone": "UTC"}),
        (["cron", "TZ=Asia/Kathmandu 0 9 ? * FRI-MON"],
         {"expression": "0 9 ? * FRI-MON", "timezone": "Asia/Kathmandu"}),
        (["cron", "hour=9", "day_of_week=mon-fri"],
         {"hour": "9", "day_of_week": "mon-fri", "timezone": "UTC"}),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_triggers_are_typed_in_words(tmp_path: Path, words: list[str], trigger: dict[str, Any]) -> None:
    """The expression or the moment bare, the others as pairs; numbers and yes are what they look like."""
    with command_line(tmp_path) as here:
        made = here.json("schedules", "add", "echo", *words)
        assert made["trigger"] == {"type": words[0], **trigger}
        assert re.fullmatch(r"[0-9a-f-]{36}", made["id"])
        assert here("schedules", "preview", *words, "--count", 2).exit_code == 0


def test_add_replaces_where_it_is_told_to(tmp_path: Path) -> None:
    """What has the id gives way as a whole; without an id there is nothing to replace."""
    with command_line(tmp_path) as here:
        add(here, "interval", "minutes=5", "--jitter", "2")
        assert add(here, "interval", "hours=1", "--replace") == "s"
        found = here.json("schedules", "show", "s")
        assert (found["trigger"], found["jitter"]) == ({"type": "interval", "hours": 1}, 0)
        assert add(here, "interval", "hours=1", "--replace", id="new") == "new"
        refused = here("schedules", "add", "echo", "interval", "hours=1", "--replace")
        assert (refused.exit_code, "--id" in refused.stderr) == (2, True)


def test_the_group_alone_lists(tmp_path: Path) -> None:
    """As `list` does: one line for each, --json as the API answers it, a remark where there is none."""
    with command_line(tmp_path) as here:
        empty = here("schedules")
        assert (empty.exit_code, empty.stdout, empty.stderr) == (0, "", "No schedules.\n")
        add(here, id="every")
        here.ok("schedules", "add", "report", "cron", "0 9 * * *", "--arg", "month=May", "--id", "nine")
        here.ok("schedules", "pause", "nine")
        titles, *lines = here.ok("schedules").splitlines()
        assert titles.split() == ["ID", "TASK", "WHEN", "NEXT", "LAST", "STATE", "DECLARED", "BY"]
        cells = [re.split(r"  +", line) for line in lines]
        assert [(row[0], row[1], row[2], row[5]) for row in cells] == [
            ("every", "echo", "Every 5 minutes", "active"),
            ("nine", "report", "At 09:00 every day (UTC)", "paused"),
        ]
        assert here.ok("schedules", "list").splitlines()[1:] == lines
        assert here.json("schedules") == here.json("schedules", "list") == asked(here, "")


def test_the_list_says_in_which_state_each_is(tmp_path: Path) -> None:
    """Active, paused, overdue because its job failed, or ended because no fire time is left."""
    with command_line(tmp_path) as here:
        for id in ("active", "paused"):
            add(here, id=id)
        add(here, "date", "2000-01-01T00:00Z", id="ended")
        here.ok("schedules", "add", "fail", "interval", "minutes=1", "--id", "overdue")
        here.ok("schedules", "pause", "paused")
        advance(here, 90)
        states = {row[0]: row[5] for row in (re.split(r"  +", line) for line in _lines(here))}
        assert states == {id: id for id in ("active", "ended", "overdue", "paused")}


def _lines(here: CommandLine) -> list[str]:
    return here.ok("schedules").splitlines()[1:]


def test_show_tells_the_policies_and_covers_secrets(tmp_path: Path) -> None:
    """One field a line, the trigger in words, secrets covered in both forms."""
    with command_line(tmp_path) as here:
        words = ["interval", "hours=1", "--arg", "month=May", "--arg", "password=opensesame"]
        here.ok("schedules", "add", "report", *words, "--id", "s")
        fields = dict(line.split(maxsplit=1) for line in here.ok("schedules", "show", "s").splitlines())
        assert (fields["trigger"], fields["misfire"], fields["max_running"]) == ("Every hour", "latest", "1")
        assert fields["args"] == '{"month":"May","password":"[redacted]"}'
        for words in (["show", "s"], ["list"], ["pause", "s"]):
            assert "opensesame" not in here.ok("schedules", *words, "--json")


def test_preview_shows_words_and_moments(tmp_path: Path) -> None:
    """The description, then a line for each fire time, with a note where the clock changes."""
    with command_line(tmp_path) as here:
        words = ["cron", "30 3 * * *", "--timezone", "Europe/Helsinki", "--count", 2]
        words += ["--after", "2026-03-28T12:00:00+02:00"]
        description, _, titles, *lines = here.ok("schedules", "preview", *words).splitlines()
        assert description == "At 03:30 every day (Europe/Helsinki)"
        assert titles.split() == ["AT", "LOCAL", "NOTE"]
        assert lines[0].split()[:2] == ["2026-03-29T01:00:00Z", "2026-03-29T04:00:00+03:00"]
        assert "03:30 does not exist" in lines[0]
        assert lines[1].split() == ["2026-03-30T00:30:00Z", "2026-03-30T03:30:00+03:00"]
        trigger = {"type": "cron", "expression": "30 3 * * *", "timezone": "Europe/Helsinki"}
        body = {"trigger": trigger, "count": 2, "after": "2026-03-28T10:00:00Z"}
        answered = here.app.test_client().post(f"{API}/schedules/preview", json=body).get_json()
        assert here.json("schedules", "preview", *words) == answered


def test_preview_of_a_stored_schedule_counts_from_its_anchor(tmp_path: Path) -> None:
    """The same moments at which it will fire, however late one asks."""
    with command_line(tmp_path) as here:
        add(here)
        advance(here, 299)
        found = here.json("schedules", "preview", "s", "--count", 3)
        (stored,) = here.json("schedules")["items"]
        assert len(found["next"]) == 3
        assert found["next"][0]["at"] == stored["next_fire_at"]
        assert found["description"] == "Every 5 minutes"


def test_a_preview_without_fire_times_says_so(tmp_path: Path) -> None:
    """The description alone on stdout."""
    with command_line(tmp_path) as here:
        result = here("schedules", "preview", "date", "2000-01-01T00:00Z")
        assert (result.exit_code, result.stdout) == (0, "Once, at 2000-01-01 00:00 (UTC)\n")
        assert result.stderr == "No fire time is left.\n"


def test_pause_resume_skip_and_run(tmp_path: Path) -> None:
    """Each answers with the schedule where JSON is asked for; run works while paused, and prints the job."""
    with command_line(tmp_path) as here:
        add(here)
        for verb, remark, paused in (("pause", "Paused.", True), ("resume", "Resumed.", False)):
            for _ in range(2):
                result = here("schedules", verb, "s")
                assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{remark}\n")
            assert here.json("schedules", verb, "s")["paused"] is paused
        coming = [row["at"] for row in here.json("schedules", "preview", "s", "--count", 2)["next"]]
        assert here.json("schedules", "skip", "s")["next_fire_at"] == coming[1]
        here.ok("schedules", "pause", "s")
        job_id = here.ok("schedules", "run", "s").strip()
        assert here.get(job_id).schedule_id == "s"
        assert here.json("schedules", "run", "s")["fire_time"] is None


def test_history_tells_what_was_decided(tmp_path: Path) -> None:
    """The newest first, with the job of what fired and the reason of what did not; it can be paged."""
    with command_line(tmp_path) as here:
        add(here)
        empty = here("schedules", "history", "s")
        assert (empty.stdout, empty.stderr) == ("", "No fire time has come yet.\n")
        here.ok("schedules", "skip", "s")
        advance(here, 600)
        titles, *lines = here.ok("schedules", "history", "s").splitlines()
        assert titles.split() == ["FIRE", "TIME", "DECISION", "COUNT", "LATE", "JOB", "REASON", "BY"]
        assert "  fired  " in lines[0]
        assert lines[1].endswith("  skipped on request  command line")
        found = here.json("schedules", "history", "s")
        assert found == asked(here, "/s/history")
        assert here.get(found["items"][0]["job_id"]).state == "succeeded"
        newest = found["items"][0]["fire_time"]
        assert here.json("schedules", "history", "s", "--before", newest)["items"] == found["items"][1:]
        assert here.json("schedules", "history", "s", "--limit", 1)["items"] == found["items"][:1]


def test_remove_forgets_it(tmp_path: Path) -> None:
    """Its jobs stay."""
    with command_line(tmp_path) as here:
        add(here)
        job_id = here.ok("schedules", "run", "s").strip()
        assert here.ok("schedules", "remove", "s") == ""
        is_refusal(here("schedules", "show", "s"), 3)
        assert here.get(job_id).schedule_id == "s"


@pytest.mark.parametrize("name", ["list", "show", "preview", "history"])
def test_every_reading_command_has_json(name: str) -> None:
    """`--json` is where a program expects it."""
    assert "--json" in {opt for param in schedules.commands[name].params for opt in param.opts}
