"""The job `newsletter.send`: one message to each user, never two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Final, NamedTuple

from flask import current_app
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import delete, func, insert, select, update

from .extensions import db, jobs
from .jobs import Snooze, current_job
from .mailer import MESSAGES_PER_CONNECTION, Mailer, MessageRefused, ServerUnavailable
from .models import REFUSED, SENDING, SENT, UNCERTAIN, Delivery, User
from .people import UNFIT

MAX_ERRORS: Final = 100
ATTEMPTS: Final = 24
"""With the waits of `patience` these take an hour and a half: a mail server may be away for an hour."""


def patience(attempt: int) -> float:
    """Seconds to wait after `attempt` has failed: 10, then twice as long each time, at most 5 minutes."""
    return min(300.0, 10.0 * 2.0 ** min(attempt - 1, 10))


def check_text(text: str) -> None:
    """Raise ValidationError where `text` cannot be mailed."""
    if UNFIT.search(text):
        raise ValidationError("There are characters that are not text.")


def check_line(text: str) -> None:
    """Raise ValidationError unless `text` is a single line."""
    if not text.isprintable():
        raise ValidationError("A subject is one line of text.")


class Recipient(NamedTuple):
    """The recipient of a message."""

    id: int
    email: str


class NewsletterArgs(Schema):
    """The arguments of `newsletter.send`; invalid while SMTP_URL is not set."""

    class Meta:
        unknown = RAISE

    subject = fields.String(required=True, validate=[validate.Length(1, 200), check_line])
    body = fields.String(required=True, validate=[validate.Length(1), check_text])

    @validates_schema
    def _require_server(self, _data: Mapping[str, Any], **_options: Any) -> None:
        if not current_app.config["SMTP_URL"]:
            raise ValidationError("No mail server is set: set SMTP_URL, for example smtp://localhost:25")


@jobs.task(
    "newsletter.send", schema=NewsletterArgs, max_attempts=ATTEMPTS, backoff=patience, retry_on=(OSError,)
)
def send(subject: str, body: str) -> dict[str, Any] | Snooze:
    """Mail a newsletter to all users.

    A recipient's row is `sending` before the message is sent and `sent` after it. A row that a crash left
    at `sending` may have been mailed or not: it becomes `uncertain` and is not mailed again.
    """
    newsletter = current_job.id
    _mark_uncertain(newsletter)
    total = db.session.scalar(select(func.count()).select_from(User)) or 0
    done = sum(_counts(newsletter).values())
    current_job.progress(done, total, f"{done} of {total}")  # what was done before this attempt stays done
    with Mailer(current_app.config["SMTP_URL"]) as mailer:
        for page in _pages(newsletter):
            for user in page:
                _send_one(mailer, newsletter, user, _message(newsletter, user, subject, body))
            done += len(page)
            current_job.progress(done, total, f"{done} of {total}")
            if current_job.stopping:
                return Snooze(0)
            current_job.check()
    return _report(newsletter)


def _mark_uncertain(newsletter: str) -> None:
    left = update(Delivery).where(Delivery.job_id == newsletter, Delivery.state == SENDING)
    db.session.execute(left.values(state=UNCERTAIN))
    db.session.commit()


def _pages(newsletter: str) -> Iterator[Sequence[Recipient]]:
    """The users without a row, in the order of their ids."""
    # Resumes after the last one by id, which is why users are mailed in that order.
    last = db.session.scalar(select(func.max(Delivery.user_id)).where(Delivery.job_id == newsletter)) or 0
    following = select(User.id, User.email).order_by(User.id).limit(MESSAGES_PER_CONNECTION)
    while page := db.session.execute(following.where(User.id > last)).all():
        yield [Recipient(*row) for row in page]
        last = page[-1].id


def _send_one(mailer: Mailer, newsletter: str, user: Recipient, message: EmailMessage) -> None:
    mailer.connect()
    # The row is unique: of two runs only one gets past this.
    db.session.execute(insert(Delivery).values(job_id=newsletter, user_id=user.id, state=SENDING))
    db.session.commit()
    ours = (Delivery.job_id == newsletter, Delivery.user_id == user.id)
    state, reason = SENT, None
    try:
        mailer.send(message)
    except MessageRefused as refusal:
        state, reason = REFUSED, str(refusal)
    except ServerUnavailable:
        db.session.execute(delete(Delivery).where(*ours))
        db.session.commit()
        raise
    db.session.execute(update(Delivery).where(*ours).values(state=state, reason=reason))
    db.session.commit()


def _message(newsletter: str, user: Recipient, subject: str, body: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = current_app.config["SMTP_FROM"]
    message["To"] = user.email
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{newsletter}.{user.id}@flask-simmer>"
    message.set_content(body)
    return message


def _counts(newsletter: str) -> dict[str, int]:
    mine = select(Delivery.state, func.count()).where(Delivery.job_id == newsletter).group_by(Delivery.state)
    return {row[0]: row[1] for row in db.session.execute(mine)}


def _report(newsletter: str) -> dict[str, Any]:
    counts = _counts(newsletter)
    wrong = (
        select(User.email, Delivery.state, Delivery.reason)
        .join(User, User.id == Delivery.user_id)
        .where(Delivery.job_id == newsletter, Delivery.state.in_([REFUSED, UNCERTAIN]))
        .order_by(User.id)
        .limit(MAX_ERRORS)
    )
    return {
        **{state: counts.get(state, 0) for state in (SENT, REFUSED, UNCERTAIN)},
        "errors": [row._asdict() for row in db.session.execute(wrong)],
    }
