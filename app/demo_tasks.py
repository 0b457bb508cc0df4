"""Tasks of an invented shop, for `make demo-traffic`: they take time, log, fail, retry and attach files."""

from __future__ import annotations

import json
import random
from threading import Event
from typing import Any, Final

from .jobs import Simmer, Snooze, current_job

jobs = Simmer()

_NEVER: Final = Event()
_RATES: Final = '{"EUR": 1.0, "SEK": 11.2'
"""An answer of a partner that was cut off, as they are."""


class SmtpDown(ConnectionError):
    """The mail server refused the connection."""


@jobs.task("reports.build", queue="reports", timeout=60, tags=("finance",))
def build_report(month: str, pages: int = 40) -> dict[str, Any]:
    """Build the report of a month, page by page."""
    current_job.log.info("building %s: %d pages", month, pages)
    for page in current_job.track(range(1, pages + 1), message="page"):
        _NEVER.wait(random.uniform(0.05, 0.3))
        if page % 10 == 0:
            current_job.log.info("page %d of %d", page, pages)
    current_job.attach(f"month,total\n{month},{pages * 117}\n".encode(), name=f"{month}.csv")
    return {"month": month, "pages": pages}


@jobs.task("mail.send", queue="mail", max_attempts=4, backoff=3, retry_on=(SmtpDown,), concurrency=3)
def send_mail(to: str, subject: str = "Your order", api_key: str = "") -> str:
    """Mail a customer; the server is down now and then."""
    _NEVER.wait(random.uniform(0.2, 1.2))
    if random.random() < 0.35:
        current_job.log.warning("no answer from the mail server")
        raise SmtpDown("mail.example.com:25 refused the connection")
    return f"sent to {to}"


@jobs.task("images.resize", rate="2/s")
def resize(image: str, width: int = 800) -> dict[str, int]:
    """Make a smaller picture of a picture."""
    _NEVER.wait(random.uniform(0.1, 0.6))
    return {"width": width, "height": width * 2 // 3}


@jobs.task("rates.fetch", max_attempts=2, backoff=5)
def fetch_rates(currency: str = "SEK") -> float:
    """Fetch an exchange rate; the partner's answers are sometimes cut off."""
    _NEVER.wait(0.3)
    text = _RATES if random.random() < 0.5 else _RATES + "}"
    return float(json.loads(text)[currency])


@jobs.task("orders.settle")
def settle(order: int) -> Any:
    """Settle an order once its payment is there."""
    if random.random() < 0.3:
        return Snooze(5)
    _NEVER.wait(random.uniform(0.1, 0.4))
    return {"order": order, "settled": True}


@jobs.schedule("interval", seconds=10, start_now=True, id="stock.refresh")
@jobs.task("stock.refresh")
def refresh_stock() -> int:
    """Read the stock of the warehouse."""
    _NEVER.wait(0.5)
    return random.randint(100, 999)


@jobs.schedule("cron", expression="0 6 * * 1-5", timezone="Europe/Helsinki", id="books.close")
@jobs.task("books.close")
def close_books() -> None:
    """Close the books of yesterday, at six on working days."""
