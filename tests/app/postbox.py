"""A letter, people who get it, and a mail server that keeps what it is given."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Flask
from sqlalchemy import insert

from app.extensions import db
from app.models import User

from .support import people

LETTER = {"subject": "Grüße", "body": "Hello, wörld.\n.\nBye."}


class Postbox:
    """What an SMTP server was given; refuses the addresses in `refused`, hangs up after `hang_up_at`."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.connections: Counter[Any] = Counter()
        self.refused: set[str] = set()
        self.hang_up_at: int | None = None
        self.later_at: int | None = None

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if len(self.messages) == self.later_at:
            return "451 try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if len(self.messages) == self.hang_up_at:
            self.hang_up_at = None
            server.transport.abort()
            return ""
        self.messages.append((envelope.rcpt_tos[0], envelope.content.decode()))
        self.connections[session.peer] += 1
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        return [address for address, _ in self.messages]


def add_people(app: Flask, count: int) -> None:
    with app.app_context():
        rows = [{"name": name, "email": email, "age": age} for name, email, age in people(count)]
        db.session.execute(insert(User), rows)
        db.session.commit()
