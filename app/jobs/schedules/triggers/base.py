"""What every trigger can do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo


class TriggerError(ValueError):
    """A trigger that cannot be; `field` is the key at fault, `triggers/0/seconds` for one inside an `or`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@runtime_checkable
class Trigger(Protocol):
    """A rule that names fire times. Values only: no clock, no state."""

    @property
    def zone(self) -> ZoneInfo:
        """Where its times are shown, and for cron also meant."""
        ...

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """The first fire time after `moment` (None: the very first), or None where there is none left.

        `anchor` is the moment at which the schedule was first stored. All times are aware and UTC.
        """
        ...

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """How many fire times there are from `first`, which is one, to `moment`, and the last of them.

        A count up to 128 is exact; a larger one may be too large where several triggers share fire times.
        """
        ...

    def as_dict(self) -> dict[str, Any]:
        """The trigger as HTTP shows and takes it."""
        ...


def moment_of(field: str, value: datetime | str) -> datetime:
    """`value` as a datetime, naive or not; raises TriggerError for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise TriggerError(field, "must be an RFC 3339 time such as 2030-01-31T09:00:00Z") from None
    if not isinstance(value, datetime):
        raise TriggerError(field, "must be a time such as 2030-01-31T09:00:00Z")
    return value


def aware(field: str, value: datetime) -> datetime:
    """`value` in UTC; raises TriggerError for a naive one."""
    if value.utcoffset() is None:
        raise TriggerError(
            field,
            "must be a time with a time zone, such as 2030-01-31T09:00:00Z, or have a timezone beside it",
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise TriggerError(field, "must be a time between the years 1 and 9999 in UTC") from None


def rfc3339(moment: datetime | None) -> str | None:
    """`moment` (UTC) with a Z, or None."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
