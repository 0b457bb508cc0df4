"""Hides the secrets of a run's job in what its task says."""

from __future__ import annotations

from collections.abc import Callable

from ..run import Run
from ..serialization.encoding import stored
from ..serialization.redaction import redactor_of


def hider_of(run: Run, words: tuple[str, ...] | None) -> Callable[[str], str]:
    """A function that hides the secrets of the job's arguments and `meta` in a text; `words`: JOBS_REDACT."""
    try:
        given = [stored(run.args), stored(run.meta or "{}")]
    except ValueError:  # what was stored is no JSON: it is why the run failed
        given = []
    return redactor_of(words).hider(given)
