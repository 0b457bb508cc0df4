"""The tables as an earlier version made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import URL, Column, MetaData, String, Table, create_engine
from sqlalchemy.sql.schema import SchemaItem

from app.jobs.database.tables import METADATA

BEFORE_RESOURCES: Mapping[str, Iterable[str]] = {
    "simmer_workers": ("tasks",),
    "simmer_idempotency": ("resource_id",),
}
"""What a version lacked whose keys of idempotency were of jobs alone."""


def make_earlier_tables(url: URL | str, without: Mapping[str, Iterable[str]] = BEFORE_RESOURCES) -> None:
    """Make them without these columns; keys of idempotency have a `job_id` in place of what they have now."""
    metadata = MetaData()
    for table in METADATA.sorted_tables:
        made = table.to_metadata(metadata)
        dropped = set(without.get(table.name, ()))
        if dropped:
            metadata.remove(made)
            made = _copied(table, metadata, dropped)
        if "resource_id" in dropped:
            made.append_column(Column("job_id", String(36), nullable=False))
    engine = create_engine(url)
    metadata.create_all(engine)
    engine.dispose()


def _copied(table: Table, metadata: MetaData, dropped: set[str]) -> Table:
    kept: list[SchemaItem] = [
        Column(column.name, column.type, primary_key=column.primary_key, nullable=column.nullable)
        for column in table.columns
        if column.name not in dropped
    ]
    return Table(table.name, metadata, *kept)
