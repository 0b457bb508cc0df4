"""The extensions, made once and bound to each app by `create_app`."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from .jobs import Simmer


class Base(DeclarativeBase):
    """What the service's models derive from."""


db = SQLAlchemy(model_class=Base)
jobs = Simmer()
