"""What a caller may say about one job beyond its arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from ..checks import TEN_YEARS, is_seconds, is_whole
from ..errors import InvalidArguments, problem
from .registry import (
    HIGHEST_PRIORITY,
    MOST_ATTEMPTS,
    MOST_TAGS,
    are_tags,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOptions:
    """The options of a submission; None means the task's default. Durations are seconds."""

    queue: str | None = None
    priority: int | None = None
    run_at: datetime | None = None
    delay: float | None = None
    timeout: float | None = None
    max_attempts: int | None = None
    tags: tuple[str, ...] | None = None

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> SubmitOptions:
        """The options that `words` name; raises InvalidArguments for unknown ones."""
        if not words:
            return NO_OPTIONS
        known = {item.name for item in fields(cls)}
        if unknown := [word for word in words if word not in known]:
            known_words = ", ".join(sorted(known))
            raise InvalidArguments(
                [problem(f"#/{word}", f"unknown option: there are {known_words}") for word in unknown]
            )
        return cls(**{**words, **({"tags": tuple(words["tags"])} if words.get("tags") is not None else {})})

    def check(self, queues: Collection[str], where: str = "#") -> None:
        """Raise InvalidArguments naming every option that is out of its bounds."""
        if found := [problem(f"{where}/{name}", detail) for name, detail in self._problems(queues)]:
            raise InvalidArguments(found)

    def _problems(self, queues: Collection[str]) -> Iterator[tuple[str, str]]:
        if self.queue is not None and self.queue not in queues:
            yield (
                "queue",
                f"no task and no JOBS_QUEUES names this queue: choose one of {', '.join(sorted(queues))}",
            )
        if self.priority is not None and not is_whole(self.priority, -HIGHEST_PRIORITY, HIGHEST_PRIORITY):
            yield "priority", "must be a whole number from -1000 to 1000"
        if self.max_attempts is not None and not is_whole(self.max_attempts, 1, MOST_ATTEMPTS):
            yield "max_attempts", "must be a whole number from 1 to 100"
        if self.delay is not None and not is_seconds(self.delay):
            yield "delay", "must be a number of seconds from 0 to ten years"
        if self.timeout is not None and not (is_seconds(self.timeout) and self.timeout):
            yield "timeout", "must be a positive number of seconds"
        if self.delay is not None and self.run_at is not None:
            yield "run_at", "delay and run_at exclude each other"
        if self.run_at is not None and not _is_aware(self.run_at):
            yield "run_at", "must be a time with a time zone, within ten years from now"
        if self.tags is not None and not are_tags(self.tags):
            yield "tags", f"must be up to {MOST_TAGS} strings of 1 to 100 characters"


NO_OPTIONS: Final = SubmitOptions()


@dataclass(frozen=True, slots=True)
class Submission:
    """One job as it was asked for."""

    task: str
    args: Mapping[str, Any]
    options: SubmitOptions = field(default=NO_OPTIONS)


def _is_aware(value: Any) -> bool:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return False
    ahead = (value - datetime.now(value.tzinfo)).total_seconds()
    return abs(ahead) <= TEN_YEARS
