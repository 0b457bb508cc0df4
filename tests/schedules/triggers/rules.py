"""Rules and moments for hypothesis to draw from: close to where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

EDGES = [
    ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"), ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"), ("Europe/Dublin", "2026-03-29"), ("Europe/Dublin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-04"), ("Australia/Lord_Howe", "2026-10-03"),
    ("Europe/Helsinki", "2026-03-29"), ("Europe/Helsinki", "2026-10-25"), ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2019-02-17"), ("Asia/Kathmandu", "1985-12-31"), ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1969-09-30"), ("Asia/Dhaka", "2009-12-31"), ("Asia/Pyongyang", "2018-05-04"),
    ("Antarctica/Troll", "2026-10-25"), ("UTC", "2026-01-01"),
]  # fmt: skip
ZONES = sorted({zone for zone, _ in EDGES})

edges = st.sampled_from([(zone, datetime.fromisoformat(day).replace(tzinfo=UTC)) for zone, day in EDGES])


def _field(low: int, high: int, likely: list[int]) -> st.SearchStrategy[str]:
    value = st.sampled_from(likely) | st.integers(low, high)
    step = st.integers(1, high - low + 1)
    return st.one_of(
        st.just("*"),
        value.map(str),
        step.map(lambda n: f"*/{n}"),
        st.lists(value, min_size=2, max_size=4).map(lambda values: ",".join(map(str, values))),
        st.tuples(value, value, step).map(lambda v: f"{v[0]}-{v[1]}/{v[2]}"),
        st.tuples(value, value).map(lambda v: f"{v[0]}-{v[1]}"),
    )


_days = st.sampled_from(
    ["*"] * 6
    + ["?", "*/2", "L", "LW", "1-7", "1,15,L", "28-31", "28-3", "L-2", "L-1,15W", "1W", "25W", "L-30W"]
)
_weekdays = st.sampled_from(
    ["*"] * 6
    + ["?", "0", "7", "SUN", "1-5", "MON-FRI", "6,7", "0L", "SUN#1", "FRI#5,SUN#4", "*/2", "FRI-MON", "7-3/2"]
    + ["SUNL", "SAT-SUN"]
)

expressions = st.builds(
    "{} {} {} * {}".format,
    _field(0, 59, [0, 15, 30, 45, 59]),
    _field(0, 23, [0, 1, 2, 3, 23]),
    _days,
    _weekdays,
)
"""Five fields; every month, so that a window of days has something in it."""
