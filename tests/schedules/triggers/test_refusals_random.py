"""Whatever is given as a trigger: it is one, or it is refused."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import TriggerError, parse_trigger
from app.jobs.schedules.triggers.describe import describe
from app.jobs.schedules.triggers.interval import UNITS
from app.jobs.schedules.triggers.preview import preview
from app.jobs.schedules.triggers.words import BOUNDS

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)

_cronlike = st.text("0123456789*/-,#LWSUNMONJAN@? ²", max_size=30) | st.from_regex(
    r"\A(TZ=UTC |@every )?[0-9.hms* ]{1,9}\Z"
)

_timelike = st.sampled_from(
    ["2030-01-01T00:00:00Z", "2030-01-01T00:00", "9999-12-31T23:59:59.9Z", "0001-01-01T00:00Z"]
)

_zones = st.sampled_from(["UTC", "Asia/Kathmandu", "Pacific/Apia", "America", "", None])

_times = {"start_at": _timelike, "end_at": _timelike, "timezone": _zones}

_fields = st.sampled_from(["*", "*/2", "1-5", "1,3", "last", "2nd fri", 1, 3]) | _cronlike

_words: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "cron": {"expression": _cronlike | st.sampled_from(["* * * * * *", "0 9 L * *"]), **_times},
    "cron by fields": {**dict.fromkeys(BOUNDS, _fields), **_times},
    "interval": {
        **dict.fromkeys(UNITS, st.floats(0, 9) | st.integers()),
        "start_now": st.booleans(),
        **_times,
    },
    "date": {"run_at": _timelike, "timezone": _zones},
    "calendar": {
        **dict.fromkeys(["years", "months", "weeks", "days"], st.integers(0, 40) | st.integers()),
        **dict.fromkeys(["hour", "minute", "second"], st.integers(0, 23)),
        **dict.fromkeys(["start_date", "end_date"], st.dates().map(str) | _timelike),
        "timezone": _zones,
    },
}

_single = st.one_of(
    [
        st.fixed_dictionaries({"type": st.just(name.split()[0])}, optional=words)
        for name, words in _words.items()
    ]
)

_likely = _single | st.fixed_dictionaries(
    {"type": st.just("or"), "triggers": st.lists(_single, max_size=3)}, optional={"timezone": _zones}
)

_broken = st.tuples(
    _likely,
    st.dictionaries(
        st.sampled_from(["type", "second", "days", *_times]) | st.text(max_size=5), _json, max_size=2
    ),
).map(lambda parts: parts[0] | parts[1])


@settings(max_examples=800, deadline=None)
@given(words=_likely | _broken)
@example(words={"type": "date", "run_at": "9999-12-31T23:59:59Z", "timezone": "Asia/Kathmandu"})
@example(words={"type": "interval", "days": 3000, "start_at": "9999-12-31T23:59:59Z"})
@example(words={"type": "cron", "expression": "* * * * * *", "start_at": "9999-12-31T23:59:59.9Z"})
@example(words={"type": "cron", "expression": "* * * * *", "end_at": "0001-01-01T00:00Z"})
@example(words={"type": "or", "triggers": [{"type": "date", "run_at": "0001-01-01T00:00Z"}]})
@example(words={"type": "or", "triggers": [{"type": "date", "run_at": "9999-12-31T23:59:59.999999Z"}]})
@example(words={"type": "calendar", "years": 10_000, "months": 10_000, "weeks": 10_000, "days": 10_000})
@example(words={"type": "calendar", "years": 1, "start_date": "9996-02-29"})
def test_any_json_is_a_trigger_or_refused(words: dict[str, Any]) -> None:
    """What is accepted comes back from its own words, and can be asked, described and shown."""
    with suppress(TriggerError):
        trigger = parse_trigger(words)
        assert parse_trigger(trigger.as_dict()) == trigger
        first = trigger.next_after(None, NOW)
        if first is not None:
            assert first.utcoffset() == timedelta(0)
            assert trigger.until(first, NOW + timedelta(days=3), NOW)[0] >= 1
        assert describe(trigger)
        preview(trigger, NOW, None, 3)


@settings(max_examples=500, deadline=None)
@given(_cronlike | st.lists(_cronlike, min_size=5, max_size=6).map(" ".join))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    """Quickly, and with nothing but TriggerError."""
    begun = time.thread_time()
    with suppress(TriggerError):
        parse_trigger("cron", expression=text).next_after(None, NOW)
    assert time.thread_time() - begun < 1
