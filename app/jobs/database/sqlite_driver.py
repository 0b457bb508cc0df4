"""Python's driver of SQLite: who begins transactions on a connection."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

LEGACY: Final = getattr(sqlite3, "LEGACY_TRANSACTION_CONTROL", -1)
"""The value of `autocommit`, which Python 3.12 brought, at which `isolation_level` decides as before."""


def is_legacy(driver: Any) -> bool:
    """Whether `isolation_level` says who begins."""
    return bool(getattr(driver, "autocommit", LEGACY) == LEGACY)


def begin_nothing(driver: sqlite3.Connection) -> None:
    """From now on the driver begins no transaction on its own, whatever a host told it to do."""
    if not is_legacy(driver):
        driver.autocommit = LEGACY  # type: ignore[attr-defined, unused-ignore]
    if driver.in_transaction:  # with `autocommit=False` there always is one
        driver.rollback()
    driver.isolation_level = None
