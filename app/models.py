"""The models of the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, CheckConstraint, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .extensions import db

SENDING: Final = "sending"
SENT: Final = "sent"
REFUSED: Final = "refused"
UNCERTAIN: Final = "uncertain"
DELIVERY_STATES: Final = (SENDING, SENT, REFUSED, UNCERTAIN)

# SQLite generates ids only for a column whose type is exactly INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")


def now() -> datetime:
    """The current time, aware and UTC."""
    return datetime.now(UTC)


class User(db.Model):  # type: ignore[name-defined,misc]
    """A person; the address is stored in lower case, and unique."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    age: Mapped[int]


class Import(db.Model):  # type: ignore[name-defined,misc]
    """The progress of importing one uploaded CSV; each batch updates it in its own transaction."""

    __tablename__ = "imports"

    upload: Mapped[str] = mapped_column(String(36), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    total: Mapped[int | None]
    """Data lines in the file; None until they are counted."""
    position: Mapped[int] = mapped_column(default=0)
    """Data lines processed: imported or skipped."""
    imported: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    __table_args__ = (CheckConstraint("position >= imported", name="ck_imports_position"),)


class Delivery(db.Model):  # type: ignore[name-defined,misc]
    """One newsletter to one person; stored before the message is sent."""

    __tablename__ = "deliveries"

    job_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        Number, ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (CheckConstraint(f"state IN {DELIVERY_STATES}", name="ck_deliveries_state"),)


class Update(db.Model):  # type: ignore[name-defined,misc]
    """The number of users, as the periodic job counted them."""

    __tablename__ = "updates"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    users: Mapped[int]


ALL: Final = (User, Import, Delivery, Update)
