"""The progress bar of a job in a page of the host's: its markup, and the script that keeps it up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from flask import Flask, Response, request
from markupsafe import Markup

from ..job import Job
from ..states import RUNNING, SUCCEEDED
from .links import api_path

SCRIPT: Final = "/progress.js"
DAY: Final = 86_400.0
WORDS: Final = {
    "scheduled": "Scheduled",
    "waiting": "Waiting",
    "queued": "Waiting",
    "running": "Running",
    "retrying": "Trying again soon",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "lost": "Connection lost, trying again",
    "gone": "Reload the page to see how it goes on",
}
"""What a visitor reads, by state; `lost` while no answer comes, `gone` once the link is not valid."""

_SCRIPT_TAG: Final = Markup('<script type="module" src="{}"{}></script>')
_ELEMENT: Final = Markup(
    '<simmer-progress state="{state}"{src}{words}>'
    '<progress max="100" aria-label="{label}"{value}></progress>'
    ' <span>{text}</span><span role="status">{end}</span></simmer-progress>'
)


def jobs_progress(
    job: Job, label: str = "Progress", words: Mapping[str, str] | None = None, expires: float = DAY
) -> Markup:
    """A progress bar of the job, which lives where `jobs_progress_script()` is on the page too.

    It polls by `job.url(expires=…)`. `label` is its name for screen readers; `words` take the place of some
    of WORDS. Raises ConfigError as `job.url` does, ValueError for other words, TypeError for what is no job.
    """
    if not isinstance(job, Job):
        raise TypeError(f"jobs_progress takes a job, as jobs.get(id) returns it, not {job!r}")
    if unknown := sorted(set(words or ()) - WORDS.keys()):
        raise ValueError(f"words: there is no {unknown[0]!r}: choose of {', '.join(WORDS)}")
    said = {**WORDS, **(words or {})}
    end, value = "", job.progress.percent
    if job.is_final:
        end = said[job.state] + (f": {job.error['message']}" if job.error else "")
        value = 100.0 if job.state == SUCCEEDED else value or 0.0
    return _ELEMENT.format(
        state=job.state,
        src="" if job.is_final else _attribute("src", job.url(expires=expires)),
        words=Markup("").join(_attribute(f"data-{name}", word) for name, word in said.items()),
        label=label,
        value="" if value is None else _attribute("value", f"{value:g}"),
        text="" if job.is_final else _text(job, said),
        end=end,
    )


def jobs_progress_script(nonce: str | None = None) -> Markup:
    """The tag of the script, once on a page; `nonce` where the page's policy asks for one."""
    return _SCRIPT_TAG.format(api_path(SCRIPT), "" if nonce is None else _attribute("nonce", nonce))


def get_script() -> Response:
    """`GET /progress.js`: the script of progress bars, open to everybody."""
    from .validation import refuse_query  # it imports marshmallow, which a command needs not

    refuse_query()
    content = _content()
    response = Response(content, headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
    response.content_type = "text/javascript; charset=utf-8"
    response.set_etag(hashlib.sha256(content).hexdigest()[:24])
    return response.make_conditional(request)  # type: ignore[return-value]


def add_template_globals(app: Flask) -> None:
    """Let the templates of `app` use both functions; a host's own of these names stay."""
    for function in (jobs_progress, jobs_progress_script):
        app.jinja_env.globals.setdefault(function.__name__, function)


def _text(job: Job, words: Mapping[str, str]) -> str:
    percent, message = job.progress.percent, job.progress.message
    if job.state != RUNNING:
        return words[job.state]
    share = words[job.state] if percent is None else f"{percent:.0f}%"
    return f"{share} · {message}" if message else share


def _attribute(name: str, value: str) -> Markup:
    return Markup(' {}="{}"').format(name, value)


@cache
def _content() -> bytes:
    return Path(__file__).with_name("static").joinpath("progress.js").read_bytes()
