"""The metadata of the tables.

It is our own: `connect.copy_tables` copies the tables into the host's, so that the host's `create_all`,
session and migrations see them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData

METADATA: Final = MetaData()
FORMERLY: Final = "formerly"
"""In the `info` of a column: its name in an earlier version, from which its values are taken."""
