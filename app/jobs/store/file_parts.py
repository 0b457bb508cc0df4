"""The content of files that are kept in the database, in parts."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from ..database.tables import FILE_PARTS

_P = FILE_PARTS.c


def add(conn: Connection, location: str, number: int, data: bytes) -> None:
    """Store a part."""
    conn.execute(insert(FILE_PARTS).values(location=location, number=number, data=data))


def read(conn: Connection, location: str, number: int) -> bytes | None:
    """A part, None where it is not there."""
    found = conn.scalar(select(_P.data).where(_P.location == location, _P.number == number))
    return None if found is None else bytes(found)


def remove(conn: Connection, location: str, most: int) -> int:
    """Delete the last `most` parts at most. How many there were."""
    last = select(_P.number).where(_P.location == location).order_by(_P.number.desc()).limit(most)
    numbers = list(conn.scalars(last))
    conn.execute(delete(FILE_PARTS).where(_P.location == location, _P.number.in_(numbers)))
    return len(numbers)
