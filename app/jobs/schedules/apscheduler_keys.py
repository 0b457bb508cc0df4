"""Keys of Flask-APScheduler's in a host's configuration: nothing reads them here, and each has a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_PLACES: Final = {
    "JOBSTORES": "jobs and schedules are stored in the app's database",
    "EXECUTORS": "JOBS_THREADS says how many jobs run at a time",
    "JOB_DEFAULTS": "misfire, misfire_grace and max_running are words of each schedule",
    "TIMEZONE": "JOBS_TIMEZONE names that of all schedules, timezone= that of one",
    "AUTH": "JOBS_API_TOKENS or JOBS_AUTH says who may do what",
    "ALLOWED_HOSTS": "JOBS_API_TOKENS or JOBS_AUTH says who may do what",
    "API_ENABLED": "JOBS_API_PREFIX says where the API stands, None switches it off",
    "API_PREFIX": "JOBS_API_PREFIX says where the API stands, None switches it off",
    "ENDPOINT_PREFIX": "the API is a blueprint of its own",
    "VIEWS_ENABLED": "JOBS_API_PREFIX says where the API stands, None switches it off",
}


def warnings(config: Mapping[str, Any]) -> Iterator[str]:
    """What to say of each such key that is set: where it goes."""
    jobs = config.get("JOBS")
    if isinstance(jobs, list | tuple) and any(isinstance(job, Mapping) and "func" in job for job in jobs):
        yield _words("JOBS", 'write each as @jobs.schedule("interval", …) on its function')
    for name, place in _PLACES.items():
        if (key := f"SCHEDULER_{name}") in config:
            yield _words(key, place)


def _words(key: str, place: str) -> str:
    return f"{key} is a key of Flask-APScheduler, which Flask-Simmer does not read: {place}"
