"""What the keys of limits allow within one claim: counted under their locks, and taken by jobs in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from ..clock import Clock
from ..database.transactions import AnyConnection
from ..options.limits import Limit
from ..store import limits, parking
from ..store.limits import Counted, LockedKey
from ..store.parking import LOOK_AGAIN, Wake
from ..tasks.limits import Applied, counted

TOGETHER: Final = timedelta(seconds=0.02)
"""What a rate lets go within so long is let go at once."""
SLACK: Final = timedelta(seconds=0.005)
"""A claim is made a moment after it was decided on."""


@dataclass(slots=True)
class Allowance:
    """How many more claims a key allows: `left` when it was locked, less those that are `taken` since.

    `claims` are those in the window of a rate: when, and how many.
    """

    limit: Limit | None
    locked: LockedKey
    now: datetime
    left: int
    claims: Sequence[tuple[datetime, int]]
    taken: int = 0
    has_parked: bool = False
    has_let_go: bool = False

    @property
    def since(self) -> datetime | None:
        """The beginning of the window of a rate."""
        if self.limit is None or self.limit.seconds is None:
            return None
        return self.now - timedelta(seconds=self.limit.seconds)

    @property
    def room(self) -> int:
        """How many more may be claimed."""
        return self.left - self.taken

    def wake(self) -> Wake | None:
        """When to look at what is parked, where that is to be changed."""
        has_parked = self.has_parked or self.locked.wake_at is not None
        if has_parked and self.limit is not None and self.limit.seconds is not None:
            return self._opening(self.limit.count, timedelta(seconds=self.limit.seconds))
        if self.has_parked and (self.locked.wake_at is None or self.locked.wake_count > 1):
            return Wake(self.now + timedelta(seconds=LOOK_AGAIN), 1)
        return None

    def _opening(self, count: int, period: timedelta) -> Wake:
        """When the first claims leave the window so far that there is room, and for how many."""
        claims = [*self.claims, (self.now, self.taken)]
        excess = sum(jobs for _, jobs in claims) - count
        gone, opens_at = 0, None
        for at, jobs in claims:
            if opens_at is not None and at > opens_at + TOGETHER:
                break
            gone += jobs
            if opens_at is None and gone > excess:
                opens_at = at
            last = at
        return Wake(last + period + SLACK, max(1, gone - max(0, excess)))


class Verdict(NamedTuple):
    """What a look at due jobs has led to: those that may run, whether others were parked or let go, and
    whether another claimer decides on some of them at this moment."""

    admitted: Sequence[Any] = ()
    has_moved: bool = False
    is_busy: bool = False


class Allowances:
    """Those of the keys that one claim has to do with."""

    def __init__(self, conn: AnyConnection, clock: Clock) -> None:
        self._conn, self._clock = conn, clock
        self._known: dict[str, Allowance | None] = {}

    def lock(self, wanted: Iterable[Sequence[Applied]]) -> bool:
        """Lock and count the keys that are not known yet. Whether there were any."""
        new = {each.key: each for applied in wanted for each in applied if each.key not in self._known}
        if new:
            locked = limits.try_lock(self._conn, {key: each.subject for key, each in new.items()})
            self._known |= dict.fromkeys(new.keys() - locked.keys())
            self._count({key: new[key].limit for key in locked}, locked)
        return bool(new)

    def judge(self, rows: Sequence[Any], wanted: Mapping[str, Sequence[Applied]], most: int) -> Verdict:
        """The first `most` of the rows that may run are admitted, the others before them are parked."""
        for each in self._mine():
            each.taken = 0
        admitted: list[Any] = []
        held: dict[str, str] = {}
        is_any_busy = False
        for row in rows:
            if len(admitted) == most:
                break
            found = [self._known[each.key] for each in wanted.get(row.id, ())]
            mine = [each for each in found if each is not None]
            full = next((each for each in mine if each.room <= 0), None)
            if len(mine) < len(found):  # another claimer decides on it at this moment
                is_any_busy = True
            elif full is not None:
                held[row.id] = full.locked.key
                full.has_parked = True
            else:
                admitted.append(row)
                for each in mine:
                    each.taken += 1
        parking.park(self._conn, held)
        return Verdict(admitted, self._let_go(most - len(admitted)) or bool(held), is_any_busy)

    def close(self) -> None:
        """Say when to look at what is parked."""
        wakes = {each.locked.key: each.wake() for each in self._mine()}
        parking.wake_later(self._conn, {key: wake for key, wake in wakes.items() if wake is not None})

    def counted(self, job_id: str, applied: Sequence[Applied]) -> Counted:
        """The keys that the job counts against."""
        found = counted(job_id, applied)
        rate = None if found.rate_key is None else self._known[found.rate_key]
        return found if rate is None else found._replace(since=rate.since)

    def _count(self, limits_by_key: Mapping[str, Limit | None], locked: Mapping[str, LockedKey]) -> None:
        now = self._clock.now()
        periods = {key: limit.seconds for key, limit in limits_by_key.items() if limit and limit.seconds}
        since = {key: now - timedelta(seconds=seconds) for key, seconds in periods.items()}
        claims = limits.claimed(self._conn, since) if since else {}
        counted = [key for key, limit in limits_by_key.items() if limit and not limit.seconds]
        running = limits.running(self._conn, counted) if counted else {}
        for key, limit in limits_by_key.items():
            mine = claims.get(key, [])
            used = sum(jobs for _, jobs in mine) + running.get(key, 0)
            left = 0 if limit is None else limit.count - used
            self._known[key] = Allowance(limit, locked[key], now, left, mine)

    def _let_go(self, room: int) -> bool:
        """Let parked jobs go where there is room for them: those that were let go before may be gone."""
        counts: dict[str, int] = {}
        for each in self._mine():
            if room > 0 and each.room > 0 and each.locked.wake_at is not None and not each.has_let_go:
                counts[each.locked.key] = min(room, each.room)
                each.has_let_go = True
        return bool(counts) and parking.let_go(self._conn, counts, self._clock.now()) > 0

    def _mine(self) -> Iterable[Allowance]:
        return [each for each in self._known.values() if each is not None]
