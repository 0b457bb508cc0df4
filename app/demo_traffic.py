"""`make demo-traffic`: a minute of mixed jobs, to be looked at in the dashboard."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flask import Flask
from waitress.server import create_server

from .demo_tasks import build_report, fetch_rates, jobs, resize, send_mail, settle

SECONDS: Final = 60.0
STEP: Final = 0.5
"""Seconds between two handfuls of jobs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the dashboard until Ctrl-C, with traffic for the first minute."""
    parser = argparse.ArgumentParser(prog="app.demo_traffic", description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long jobs are submitted")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="simmer-traffic-") as folder:
        app = create_demo(Path(folder))
        try:
            server = create_server(app, host="127.0.0.1", port=options.port, threads=16)
        except OSError as error:
            print(f"Port {options.port} cannot be used ({error.strerror}): choose another one with PORT=…")
            return 1
        print(
            f"The dashboard is at http://127.0.0.1:{server.effective_port}/jobs/ (Ctrl-C ends it)", flush=True
        )
        with at_work(app, options.seconds):
            server.run()
    return 0


@contextmanager
def at_work(app: Flask, seconds: float) -> Iterator[None]:
    """Run the jobs of `app` in this process, and submit some for so many seconds, until the block ends."""
    ended = threading.Event()
    traffic = threading.Thread(target=submit_for, args=(app, seconds, ended), name="traffic")
    with app.app_context():
        jobs.start(server_threads=16)
        traffic.start()
        try:
            yield
        finally:
            ended.set()
            traffic.join()
            jobs.stop(timeout=5)


def create_demo(folder: Path) -> Flask:
    """An app of the invented shop, with a database of its own in `folder`."""
    app = Flask("shop", instance_path=str(folder))
    app.config.update(JOBS_DATABASE_URL=f"sqlite:///{folder / 'demo.db'}", JOBS_TIMEZONE="Europe/Helsinki")
    jobs.init_app(app)
    return app


def submit_for(app: Flask, seconds: float, ended: threading.Event) -> None:
    """Submit a handful of jobs each half second, for so long or until `ended`."""
    with app.app_context():
        for number in range(round(seconds / STEP)):
            submit_some(number)
            if ended.wait(STEP):
                return


def submit_some(number: int) -> None:
    """The handful of a moment: what comes all the time, and what comes now and then."""
    send_mail.options(tags=["customer"]).submit(to=f"customer{number}@example.com", api_key="k-1")
    resize.submit(image=f"{number}.jpg", width=random.choice([320, 800, 1600]))
    settle.options(priority=random.choice([-5, 0, 0, 10])).submit(order=1_000 + number)
    if number % 4 == 0:
        fetch_rates.submit()
    if number % 6 == 0:
        build_report.submit(month=f"2026-{number // 6 % 12 + 1:02}")
    if number % 20 == 5:
        build_report.options(delay=3_600, tags=["later"]).submit(month="2027-01")
    if number % 30 == 10:
        album = [resize.s(image=f"album-{number}-{picture}.jpg") for picture in range(12)]
        owner = send_mail.s(to="owner@example.com", subject="Your album", into=None)
        jobs.batch(album, on_done=owner).submit()


if __name__ == "__main__":
    sys.exit(main())
