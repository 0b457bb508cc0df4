"""HTTP beside a bare Flask route under the same server, 16 connections that are kept open.

Ours and the bare app each have a server process; they are loaded in turn, never together, with the same
method, headers and body. A POST counts when it was accepted *and* its job has run before the load ends: what
is accepted faster than it is run is not counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from .child import in_child
from .host import folder, wait_until, watching
from .load import request, send
from .servers import API, BARE, HOST, serve
from .table import Measured, Row, middle, show

SERVERS: Final = ("gunicorn", "waitress", "granian")
BODY: Final = json.dumps({"task": "bench.noop", "args": {"number": 1}})
KINDS: Final = ("post", "get", "get_304")
Rates = tuple[float, float, float]
"""A second: what counts of ours, our answers, the bare route's."""
ROWS = (
    Row(
        "http.post_full", "POST /jobs ÷ bare route, jobs run as accepted (gunicorn, FULL)", "×", at_least=0.55
    ),
    Row("http.post_normal", "the same with synchronous=NORMAL", "×", at_least=0.65),
    Row("http.get", "GET /jobs/{id} ÷ bare route (gunicorn)", "×", at_least=0.8),
    Row("http.get_304", "the same with If-None-Match: 304", "×", at_least=0.85),
    *(
        Row(f"http.{server}_{what}", f"{text} (under {server})", "×")
        for server in SERVERS[1:]
        for what, text in (("post", "POST ÷ bare"), ("get", "GET ÷ bare"), ("get_304", "304 ÷ bare"))
    ),
)


def measure(quick: bool) -> Iterator[Measured]:
    """Under gunicorn, there with NORMAL too, then under the others."""
    seconds, rounds = (1.0, 1) if quick else (3.0, 3)
    taken = under("gunicorn", "FULL", seconds, rounds)
    yield measured("http.post_full", taken["post"])
    yield measured("http.get", taken["get"])
    yield measured("http.get_304", taken["get_304"])
    lax = under("gunicorn", "NORMAL", seconds, rounds, only=("post",))
    yield measured("http.post_normal", lax["post"])
    for server in SERVERS[1:]:
        for what, rates in under(server, "FULL", seconds, rounds).items():
            yield measured(f"http.{server}_{what}", rates)


def measured(name: str, rates: list[Rates]) -> Measured:
    """The ratio of each round's rates, ours and the bare route's."""
    ours, answered, bare = (show(middle(side)) for side in zip(*rates, strict=True))
    detail = f"ours {ours}/s, bare {bare}/s"
    if "post" in name:
        detail = f"run {ours}/s of {answered}/s that were accepted, bare {bare}/s"
    return Measured(name, middle(run / its for run, _, its in rates), detail)


def under(
    server: str, synchronous: str, seconds: float, rounds: int, only: Sequence[str] = KINDS
) -> dict[str, list[Rates]]:
    """For each kind of request the rates of each round."""
    with folder() as place, serve(server, BARE) as bare:
        path = place / "http.db"
        with serve(server, HOST, path, FLASK_JOBS_SQLITE_SYNCHRONOUS=synchronous) as ours:
            requests = requests_to(ours.port)
            taken: dict[str, list[Rates]] = {kind: [] for kind in only}
            for _ in range(rounds):
                for kind in only:
                    theirs = bare_rate(bare.port, requests[kind], seconds)
                    run, answered = our_rate(ours.port, requests[kind], seconds, path)
                    taken[kind].append((run, answered, theirs))
    return taken


def requests_to(port: int) -> dict[str, str]:
    """One request of each kind; the two that read ask for a job that is over."""
    place = post(port, BODY)
    with urlopen(f"http://127.0.0.1:{port}{place}?wait=20") as answer:
        etag, state = answer.headers["ETag"], json.load(answer)["state"]
    if state != "succeeded":
        raise RuntimeError(f"the first job is {state}")
    return {
        "post": request("POST", API, BODY),
        "get": request("GET", place),
        "get_304": request("GET", place, If_None_Match=etag),
    }


def post(port: int, body: str) -> str:
    """Submit a job; returns where it is."""
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{port}{API}", body.encode(), headers)) as answer:
        return str(answer.headers["Location"])


def bare_rate(port: int, text: str, seconds: float) -> float:
    """Answers a second of the bare route to the same request."""
    method, _, rest = text.split(" ", 2)
    load = in_child(send, port=port, requests=[f"{method} /bare {rest}"], seconds=seconds)
    check(load, {"200"})
    return float(load["answers"] / load["seconds"])


def our_rate(port: int, text: str, seconds: float, path: Path) -> tuple[float, float]:
    """Jobs that were accepted and have run, and answers, a second; the same where nothing is to be run."""
    with watching(path) as watch:
        before = watch.finished()
        load = in_child(send, port=port, requests=[text], seconds=seconds)
        run = watch.finished() - before
        check(load, {"200", "202", "304"})
        wait_until(watch.all_done)
    counted = min(load["answers"], run) if text.startswith("POST") else load["answers"]
    return counted / load["seconds"], load["answers"] / load["seconds"]


def check(load: dict[str, Any], good: set[str]) -> None:
    """Raise RuntimeError where the server refused something: refusing is cheap."""
    if bad := set(load["statuses"]) - good:
        raise RuntimeError(f"answers with status {', '.join(sorted(bad))}")
