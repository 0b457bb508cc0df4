"""Schedules as they are worded: the zone that is meant where none is named, and lengths of Python."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from app.jobs import Simmer
from app.jobs.schedules.declaration import Declaration


def test_a_default_zone_is_for_triggers_that_name_none() -> None:
    """What the declaration stores is complete."""
    for words, zone in (
        ({"type": "cron", "hour": 9}, "Europe/Helsinki"),
        ({"type": "cron", "hour": 9, "timezone": "UTC"}, "UTC"),
    ):
        made = Declaration.of("nine", {"task": "digest", "trigger": words}, "Europe/Helsinki")
        assert made.trigger.as_dict()["timezone"] == zone
    assert (
        Declaration.of("nine", {"task": "digest", "trigger": {"type": "cron", "hour": 9}}).trigger.zone.key
        == "UTC"
    )


def test_schedules_take_timedeltas(tmp_path: Path) -> None:
    """As a trigger, with further words of an interval, declared and added."""
    app = Flask(__name__, instance_path=str(tmp_path))
    app.config["JOBS_ENGINE"] = "manual"
    jobs = Simmer(app)

    @jobs.schedule(timedelta(minutes=5), id="declared", start_now=True)
    def tick() -> None: ...

    with app.app_context():
        added = jobs.add_schedule(task="tick", trigger=timedelta(hours=1), id="added", start_now=True)
        assert added.trigger == {"type": "interval", "hours": 1, "start_now": True}
        jobs.testing.advance("5m")
        assert len(jobs.testing.submitted("tick")) >= 2
        assert jobs.get_schedule("declared").trigger == {"type": "interval", "minutes": 5, "start_now": True}
        jobs.stop(timeout=5)
        jobs.runtime.database.close()
