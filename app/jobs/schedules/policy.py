"""Policies of a schedule: decisions about missed, late and overlapping fire times, as pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from ..checks import is_seconds, is_whole
from ..errors import InvalidArguments, problem
from .triggers import Trigger

MISFIRE_POLICIES: Final = ("latest", "all", "skip")
MAX_CATCH_UP: Final = 100
"""So many missed fire times run at most with misfire="all"."""
MAX_LISTED: Final = 100
"""Up to so many missed fire times get a row each; more share one that counts them."""
DEFAULT_SKIP_GRACE: Final = 10.0
"""Seconds: with misfire="skip" and no misfire_grace, what is later than this was missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policies of a schedule; durations are seconds.

    `misfire`: `latest` runs once for all that was missed, `all` once for each (100 at most), `skip` runs
    nothing that was missed. A fire time seen later than `misfire_grace` is misfired (None: any lateness is
    fine). A fire time is skipped while `max_running` of the schedule's jobs are not final (None: never).
    `jitter` delays each job by up to that much and never moves the fire times.
    """

    misfire: str = "latest"
    misfire_grace: float | None = None
    max_running: int | None = 1
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if found := [problem(f"#/{name}", detail) for name, detail in self._problems()]:
            raise InvalidArguments(found)

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of the policies."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Policy:
        """The policy with these values; raises InvalidArguments for unknown names and bad values."""
        if unknown := [name for name in values if name not in cls.field_names()]:
            raise InvalidArguments([problem(f"#/{name}", "Unknown field.") for name in unknown])
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """The policy under the contract's names."""
        return asdict(self)

    def _problems(self) -> Iterator[tuple[str, str]]:
        if self.misfire not in MISFIRE_POLICIES:
            yield "misfire", f"choose one of {', '.join(MISFIRE_POLICIES)}"
        if self.misfire_grace is not None and not is_seconds(self.misfire_grace):
            yield "misfire_grace", "must be a number of seconds, or null for any lateness"
        if self.max_running is not None and not is_whole(self.max_running, 1, 10_000):
            yield "max_running", "must be a whole number from 1 to 10,000, or null for no limit"
        if not is_seconds(self.jitter):
            yield "jitter", "must be a number of seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision about a fire time, or about `count` of them from this one on."""

    fire_time: datetime
    decision: str
    count: int = 1
    reason: str | None = None


def decide(
    policy: Policy, trigger: Trigger, first: datetime, now: datetime, *, anchor: datetime, running: int
) -> tuple[list[Verdict], datetime]:
    """The verdicts about the fire times from `first` to `now`, and the last of these.

    `running` is how many of the schedule's jobs are not final.
    """
    count, latest = trigger.until(first, now, anchor)
    # "all" decides each fire time by itself; otherwise only the latest can run, and count - 1 were missed.
    if policy.misfire == "all":
        return _catch_up(policy, trigger, first, now, anchor=anchor, running=running, count=count), latest
    if policy.misfire == "latest":
        missed = _coalesce_missed(policy, trigger, first, now, anchor=anchor, count=count - 1)
    else:
        missed = _verdicts_for(trigger, first, anchor, count - 1, "misfired", "missed")
    return [*missed, _decide_one(policy, latest, now, running)], latest


def _decide_one(policy: Policy, fire_time: datetime, now: datetime, running: int) -> Verdict:
    # Lateness first: a fire time that is too late is misfired even while max_running is reached.
    late = (now - fire_time).total_seconds()
    grace = policy.misfire_grace
    # "skip" needs a limit, or the latest would run however late it is; "latest" and "all" do not.
    if grace is None and policy.misfire == "skip":
        grace = DEFAULT_SKIP_GRACE
    if grace is not None and late > grace:
        return Verdict(fire_time=fire_time, decision="misfired", reason=_late_reason(grace))
    if policy.max_running is not None and running >= policy.max_running:
        reason = f"{running} of its jobs had not ended, max_running is {policy.max_running}"
        return Verdict(fire_time=fire_time, decision="skipped", reason=reason)
    return Verdict(fire_time=fire_time, decision="fired")


def _catch_up(
    policy: Policy, trigger: Trigger, first: datetime, now: datetime, *, anchor: datetime, running: int,
    count: int,
) -> list[Verdict]:  # fmt: skip
    verdicts: list[Verdict] = []
    fire_time: datetime | None = first
    if count > MAX_CATCH_UP:
        reason = f"only the latest {MAX_CATCH_UP} are caught up with"
        verdicts.append(
            Verdict(fire_time=first, decision="misfired", count=count - MAX_CATCH_UP, reason=reason)
        )
        fire_time = _first_to_catch_up(trigger, first, now, anchor)
    while fire_time is not None and fire_time <= now:
        verdict = _decide_one(policy, fire_time, now, running)
        verdicts.append(verdict)
        # Those that fire now count against max_running for the later ones of the same run.
        running += verdict.decision == "fired"
        fire_time = trigger.next_after(fire_time, anchor)
    return verdicts


def _coalesce_missed(
    policy: Policy, trigger: Trigger, first: datetime, now: datetime, *, anchor: datetime, count: int
) -> list[Verdict]:
    """The verdicts about `count` missed fire times: misfired beyond the grace, coalesced within it."""
    grace = policy.misfire_grace
    if grace is None or first >= (limit := now - timedelta(seconds=grace)):
        return _verdicts_for(trigger, first, anchor, count, "coalesced", "missed")
    late, last = trigger.until(first, limit - timedelta(microseconds=1), anchor)
    following = trigger.next_after(last, anchor)
    # The rest is counted by itself: a large count may be rough, and no verdict may be about the future.
    left = trigger.until(following, now, anchor)[0] - 1 if following is not None and following <= now else 0
    misfired = _verdicts_for(trigger, first, anchor, min(late, count), "misfired", _late_reason(grace))
    return [*misfired, *_verdicts_for(trigger, following or last, anchor, left, "coalesced", "missed")]


def _verdicts_for(
    trigger: Trigger, first: datetime, anchor: datetime, count: int, decision: str, reason: str
) -> list[Verdict]:
    """A verdict for each of `count` missed fire times, or one for all if they are too many."""
    if count > MAX_LISTED:
        return [Verdict(fire_time=first, decision=decision, count=count, reason=reason)]
    found: list[Verdict] = []
    fire_time: datetime | None = first
    while fire_time is not None and len(found) < count:
        found.append(Verdict(fire_time=fire_time, decision=decision, reason=reason))
        fire_time = trigger.next_after(fire_time, anchor)
    return found


def _late_reason(grace: float) -> str:
    return f"seen after a grace of {grace:g} s"


def _first_to_catch_up(trigger: Trigger, first: datetime, now: datetime, anchor: datetime) -> datetime:
    """The fire time from which on there are MAX_CATCH_UP, by bisection: those before may be millions."""
    low, high = 0.0, (now - first).total_seconds()
    while True:
        middle = (low + high) / 2
        found = trigger.next_after(first + timedelta(seconds=middle), anchor)
        count = 0 if found is None or found > now else trigger.until(found, now, anchor)[0]
        if found is not None and (count == MAX_CATCH_UP or (high - low < 1e-6 and count)):
            return found
        low, high = (middle, high) if count > MAX_CATCH_UP else (low, middle)
