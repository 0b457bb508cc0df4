"""The signals of what happens to jobs and schedules (blinker, as Flask's own).

Each is sent with the app as sender and `job=` or `schedule=`, after the commit of what it tells, by the
process in which that happened.
"""

from __future__ import annotations

from typing import Final

from blinker import NamedSignal, Namespace

_SIGNALS: Final = Namespace()

job_submitted: Final[NamedSignal] = _SIGNALS.signal("job-submitted")
"""A job was stored, by a submission or for a fire time."""
job_started: Final[NamedSignal] = _SIGNALS.signal("job-started")
"""An attempt begins, in the thread that is about to call the task."""
job_succeeded: Final[NamedSignal] = _SIGNALS.signal("job-succeeded")
"""A job ended as succeeded."""
job_failed: Final[NamedSignal] = _SIGNALS.signal("job-failed")
"""A job ended as failed: no attempt is left."""
job_retrying: Final[NamedSignal] = _SIGNALS.signal("job-retrying")
"""An attempt failed, and another one will follow."""
job_cancelled: Final[NamedSignal] = _SIGNALS.signal("job-cancelled")
"""A job ended as cancelled."""
job_overran: Final[NamedSignal] = _SIGNALS.signal("job-overran")
"""A run ended beyond its timeout without having noticed it; sent before the signal of its end."""
job_rescued: Final[NamedSignal] = _SIGNALS.signal("job-rescued")
"""A job was put back because the worker that had claimed it is dead."""
schedule_overdue: Final[NamedSignal] = _SIGNALS.signal("schedule-overdue")
"""A schedule became overdue."""
